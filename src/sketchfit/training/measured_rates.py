"""Earlier measurements on this machine: `autotune.json` in the cache folder.

The file stores rates and not choices, so that another rule needs no new measurement. A file that cannot be read is
ignored, because a measurement takes seconds.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

import torch

from sketchfit._timm import timm
from sketchfit.checksum import unsealed
from sketchfit.config.recipe import Recipe
from sketchfit.files import write_json
from sketchfit.training.autotune import Format

NAME = "autotune.json"

METHOD = 2
"""Version of the measurement: earlier ones may have been made on a busy machine, and are not used."""


def conditions_of(recipe: Recipe, device: torch.device, batch_size: int) -> dict[str, Any]:
    """Return all that a measured rate depends on: the machine, the versions, the network, its input and batch size."""
    unrelated = {"weights", "pretrained", "mean", "std"}
    return {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else cpu_name(),
        "measured": METHOD,
        "threads": torch.get_num_threads(),
        "keep_memory": recipe.compute.keep_memory,
        "torch": torch.__version__,
        "timm": timm.__version__,
        "model": recipe.model.model_dump(mode="json", exclude=unrelated),
        "grad_checkpointing": recipe.training.grad_checkpointing,
        "batch_size": batch_size,
    }


def cpu_name() -> str:
    """Return the name of the processor, its instruction set and the number of cores."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
        name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), name)
    return f"{name}, {torch.backends.cpu.get_cpu_capability()}, {os.cpu_count()}"


def read_rates(cache: Path, conditions: Mapping[str, Any], formats: Sequence[Format]) -> dict[Format, float] | None:
    """Return the measured images per second of these formats; None if one of them was not measured."""
    rates = _entry(_read(cache / NAME), conditions)
    found = {one: rates.get(str(one)) for one in formats}
    known = {one: float(rate) for one, rate in found.items() if _plausible(rate)}
    return known if len(known) == len(formats) else None


def store_rates(cache: Path, conditions: Mapping[str, Any], rates: Mapping[Format, float]) -> None:
    """Add rates to the file; a cache that cannot be written is ignored."""
    held = _read(cache / NAME)
    named = _entry(held, conditions) | {str(one): round(rate, 2) for one, rate in rates.items()}
    try:
        write_json(cache / NAME, held | {_key(conditions): {"what": dict(conditions), "images_per_second": named}})
    except OSError:
        return  # the next run measures again


def _plausible(rate: object) -> TypeGuard[float]:
    return isinstance(rate, int | float) and not isinstance(rate, bool) and math.isfinite(rate) and rate > 0


def _entry(held: Mapping[str, Any], conditions: Mapping[str, Any]) -> dict[str, Any]:
    entry = held.get(_key(conditions))
    rates = entry.get("images_per_second") if isinstance(entry, dict) else None
    return rates if isinstance(rates, dict) else {}


def _read(path: Path) -> dict[str, Any]:
    try:
        held = unsealed(json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse))
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")  # and json could not write it again


def _key(conditions: Mapping[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(conditions, sort_keys=True).encode(), digest_size=12).hexdigest()
