"""What a run does with a network, step by step, for one backbone with random weights on noise."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from sketchfit.config.load import load_recipe
from sketchfit.config.own_size import own_input_size
from sketchfit.config.recipe import Recipe
from sketchfit.errors import UserError
from sketchfit.models.backbone import build_network
from sketchfit.models.conversion.checked_graph import checked_graph
from sketchfit.models.near_sizes import STEP, near_sizes_hint, takes_size
from sketchfit.reporting.heat.explainer import HeatExplainer, HeatMap
from sketchfit.training.trial import try_training

CPU = torch.device("cpu")
CLASSES = 3
SMALLEST = 64
"""Side in pixels from which a size is searched that a backbone takes."""
SIZES = (64, 96, 128, 160, 192, 224)
"""Sizes that are tried in turn; a backbone that takes none of them is tried at its own."""

Result = Literal["works", "refused", "fails"]


@dataclass(frozen=True)
class Outcome:
    """How a step ended.

    Attributes:
        result: `refused` with a sentence for the user, or `fails` with any other error.
        why: the sentence, or the error.
        seconds: that it took.
    """

    result: Result
    why: str
    seconds: float

    @classmethod
    def of(cls, step: Callable[[], object]) -> Outcome:
        """Take a step."""
        began, result, why = time.perf_counter(), "works", ""
        try:
            step()
        except UserError as error:
            result, why = "refused", " ".join(str(error).split())
        except Exception as error:
            result, why = "fails", " ".join(f"{type(error).__name__}: {error}".split())[:400]
        return cls(result, why, round(time.perf_counter() - began, 2))  # type: ignore[arg-type]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


def first_size(backbone: str) -> int:
    """Return the smallest size in pixels that a backbone takes; its own where it takes none of those tried."""
    section = recipe_of(backbone, SMALLEST).model
    return next((size for size in SIZES if takes_size(section, size)), own_input_size(backbone))


def recipe_of(backbone: str, size: int, **changes: Mapping[str, Any]) -> Recipe:
    """Return the smallest recipe; `changes` are added to its sections."""
    settings: dict[str, dict[str, Any]] = {
        "model": {"backbone": backbone, "pretrained": False, "input_size": size, "mean": 0.5, "std": 0.5},
        "data": {"channels": 1},
        "transforms": {"policy": "none"},
        "training": {"epochs": 2, "batch_size": 2},
        "optimizer": {"name": "adamw", "lr": 1e-4},
        "compute": {"device": "cpu", "threads": 1},
    }
    for section, values in changes.items():
        settings[section] = settings.get(section, {}) | dict(values)
    return load_recipe(settings)


def trial(backbone: str, size: int, **changes: Mapping[str, Any]) -> None:
    """Build, forward, backward, update, write, read, compare, predict."""
    with tempfile.TemporaryDirectory() as folder:
        try_training(recipe_of(backbone, size, **changes), CLASSES, CPU, Path(folder))


def size_is_named(backbone: str, size: int) -> None:
    """Check that a size that the backbone does not take is refused with one that it takes."""
    if size == SMALLEST:
        return
    try:
        trial(backbone, SMALLEST)
    except UserError as error:
        named = [int(word.strip(".,=")) for word in error.hint.replace("=", " ").split() if word.strip(".,=").isdigit()]
        section = recipe_of(backbone, SMALLEST).model
        if not named or not all(takes_size(section, one) for one in named):
            raise AssertionError(f"{error} names no size that works: {near_sizes_hint(section)}") from error
        return
    raise AssertionError(f"{SMALLEST} pixels are not refused")


def heat_map(backbone: str, size: int) -> None:
    """Show where the evidence for a class is."""
    missing = [number for number, one in enumerate(heat_maps(backbone, size)) if one is None]
    if missing:
        raise AssertionError(f"no heat map of the pictures {missing}")


def heat_maps(backbone: str, size: int, count: int = CLASSES) -> list[HeatMap | None]:
    """Return heat maps of the answers to noise."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = build_network(recipe_of(backbone, size).model, CLASSES)
        pictures = np.random.default_rng(0).integers(0, 256, (count, size, size, 1), dtype=np.uint8)
        normalise(network.model, HeatExplainer(network).prepare(pictures))
    explainer = HeatExplainer.of(network, network.model, pictures[:1])
    return explainer.explain(pictures, explainer.scores(pictures).argmax(axis=1))


def normalise(model: nn.Module, images: torch.Tensor) -> None:
    """Set the statistics of batch norms to those of images; with the first ones, some answers depend on no image."""
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            layer.momentum = 1.0
    model.train()
    with torch.no_grad():
        model(images)
    model.eval()


def resize(backbone: str, size: int) -> None:
    """Train one epoch at another size, a larger one where the backbone takes it."""
    section = recipe_of(backbone, size).model
    larger = next((size + more for more in (STEP, 2 * STEP, size) if takes_size(section, size + more)), size - STEP)
    trial(backbone, size, training={"epochs": 2, "batch_size": 2, "resize": [{"until": 1, "size": larger}]})


def export(backbone: str, size: int) -> None:
    """Convert to ONNX, and compare with torch."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        checked_graph(build_network(recipe_of(backbone, size).model, CLASSES), size, 1)


def _with_head(name: str) -> Callable[[str, int], None]:
    return lambda backbone, size: trial(backbone, size, model={"head": name})


STEPS: dict[str, Callable[[str, int], None]] = {
    "trial": trial,
    "size": size_is_named,
    "heat map": heat_map,
    "freeze": lambda backbone, size: trial(backbone, size, model={"freeze": "gradual"}),
    "LoRA": lambda backbone, size: trial(backbone, size, model={"lora": 2}),
    "mlp head": _with_head("mlp"),
    "cosine head": _with_head("cosine"),
    "resize": resize,
    "ONNX": export,
}
"""Name of a step to what it does with a backbone at a size."""
