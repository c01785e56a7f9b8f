"""Time and memory that trainings will need, and what the machine has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from sketchfit.config.recipe import Recipe
from sketchfit.data.folds import Fold
from sketchfit.errors import Problems
from sketchfit.memory import memory_state
from sketchfit.models.device import gpu_memory
from sketchfit.training.plan import make_plan
from sketchfit.training.trial import Trial
from sketchfit.wording import size_text

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
    available, state = memory_of(device), memory_state() if device.type == "cpu" else None
    if available is None or (needed <= available and (state is None or needed <= state.available)):
        return ""
    where = "this container or batch job may use" if state is not None and state.limited else f"{device.type} has"
    text = f"training needs about {size_text(needed)} of memory, and {where} {size_text(available)}"
    if needed <= available and state is not None:
        text = f"{text}, of which {size_text(state.available)} are free now"
    advice = (
        "Lower training.batch_size (training.accumulation keeps the size of an update) or model.input_size, or set "
        "training.grad_checkpointing=true."
    )
    if needed > CERTAIN * available:
        problems.add(text, advice)
        return ""
    return f"note: {text}, by an estimate. {advice}"


def memory_of(device: torch.device) -> int | None:
    """Return the bytes that a device has, on the CPU those that this process may use; None where that is not known."""
    if device.type != "cpu":
        return gpu_memory(device)
    state = memory_state()
    return None if state is None else state.total
