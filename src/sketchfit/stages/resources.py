"""Time, memory and disk space that trainings will need, and what the machine has."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from sketchfit.config.recipe import Recipe
from sketchfit.data.folds import Fold
from sketchfit.data.stores import cache_folder, is_stored, store_settings
from sketchfit.data.table import Table
from sketchfit.errors import Problems
from sketchfit.training.plan import make_plan
from sketchfit.training.trial import Trial

GB = 1e9
CERTAIN = 4
"""A training is refused where its estimate is so many times the memory of the device."""


@dataclass(frozen=True)
class PlannedNetwork:
    """A kind of network that will be trained.

    Attributes:
        name: of the folder of its networks.
        recipe: of the member or the student.
        trainings: number of trainings that are left.
        folder: existing or not; the networks are written below it.
    """

    name: str
    recipe: Recipe
    trainings: int
    folder: Path


def training_seconds(recipe: Recipe, trial: Trial, fold: Fold, tests: int) -> float:
    """Estimate the time of one training and of the probabilities of its rows."""
    full, training = recipe.model.size, recipe.training
    images = sum(
        one.batches * one.batch_size * (one.size / full) ** 2 for one in make_plan(recipe, len(fold.train)).epochs
    )
    validations = training.epochs // training.validate_every if training.validate_every else 1
    predicted = (validations + 1) * len(fold.valid) + tests
    times = recipe.averaging.soup_size if recipe.averaging.soup != "none" else 1
    return times * (images * trial.training_seconds + predicted * trial.prediction_seconds)


def training_memory(recipe: Recipe, trial: Trial, processes: int) -> int:
    """Estimate the memory of a training in one process; without activations where the batch is chosen later."""
    images = 0 if recipe.training.batch_size == "auto" else -(-recipe.training.batch // processes)
    return trial.state + images * trial.activations


def check_memory(needed: int, device: torch.device, problems: Problems) -> str:
    """Return a note where a training may need more memory than the device has; refuse it far beyond that.

    The need is an estimate: SAM's second pass and stages of `training.resize` with their own batch are counted as if
    they came together.
    """
    available = memory_of(device)
    if available is None or needed <= available:
        return ""
    text = f"training needs about {size_text(needed)} of memory, and {device.type} has {size_text(available)}"
    advice = (
        "Lower training.batch_size (training.accumulation keeps the size of an update) or model.input_size, or set "
        "training.grad_checkpointing=true."
    )
    if needed > CERTAIN * available:
        problems.add(text, advice)
        return ""
    return f"note: {text}, by an estimate. {advice}"


def memory_of(device: torch.device) -> int | None:
    """Return the bytes that a device has, on the CPU with swap; None where that is not known."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[1])
    lines = Path("/proc/meminfo").read_text().splitlines() if Path("/proc/meminfo").is_file() else []
    found = {line.partition(":")[0]: line.split()[1] for line in lines if line.count(":")}
    if device.type != "cpu" or "MemTotal" not in found:
        return None
    total = 1024 * (int(found["MemTotal"]) + int(found.get("SwapTotal", 0)))
    limit = Path("/sys/fs/cgroup/memory.max")
    text = limit.read_text().strip() if limit.is_file() else "max"
    return min(total, int(text)) if text.isdigit() else total


def check_disk(
    networks: Sequence[PlannedNetwork], trials: Mapping[str, Trial], table: Table, problems: Problems
) -> int:
    """Compare what stores and networks need with the free space of their file systems; return the bytes of both."""
    needs = [*_store_needs(networks, table), *_network_needs(networks, trials, table)]
    by_device: dict[int, list[tuple[Path, int]]] = {}
    for path, size in needs:
        by_device.setdefault(path.stat().st_dev, []).append((path, size))
    for parts in by_device.values():
        needed, free = sum(size for _, size in parts), shutil.disk_usage(parts[0][0]).free
        if needed > free:
            problems.add(
                f"about {size_text(needed)} are needed at {parts[0][0]}, and {size_text(free)} are free",
                "Free some space, or choose another place with --out and --set data.cache=FOLDER.",
            )
    for path in dict.fromkeys(path for path, _ in needs):
        if not os.access(path, os.W_OK | os.X_OK):
            problems.add(f"{path} cannot be written", "Choose another place with --out or --set data.cache=FOLDER.")
    return sum(size for _, size in needs)


def _store_needs(networks: Sequence[PlannedNetwork], table: Table) -> Iterator[tuple[Path, int]]:
    """Yield the folder and the bytes of each image store that is not there; grey where the channels are not known."""
    for cache, settings in dict.fromkeys((cache_folder(one.recipe), store_settings(one.recipe)) for one in networks):
        for split in (table.train, table.test):
            if not is_stored(cache, settings, len(split)):
                yield existing_folder(cache), len(split) * settings.size**2 * (3 if settings.channels == 3 else 1)


def _network_needs(
    networks: Sequence[PlannedNetwork], trials: Mapping[str, Trial], table: Table
) -> Iterator[tuple[Path, int]]:
    """Yield the folder and the bytes of each kind of network: weights, probabilities, and one checkpoint."""
    for one in networks:
        if one.name in trials:
            trial = trials[one.name]
            probabilities = 4 * table.class_count * (len(table.train) + one.trainings * len(table.test))
            yield existing_folder(one.folder), one.trainings * trial.weights + probabilities + trial.checkpoint


def existing_folder(path: Path) -> Path:
    """Return the path, or the nearest folder above it that exists."""
    path = path.resolve()
    return next(place for place in (path, *path.parents) if place.is_dir())


def size_text(count: float) -> str:
    """Return a number of bytes as `12 MB` or `1.2 GB`."""
    return f"{count / GB:.1f} GB" if count >= GB else f"{max(1, round(count / 1e6))} MB"
