"""What an option costs on this machine, by a trial of its training; and whether that is too much."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from sketchfit.config.recipe import Recipe
from sketchfit.runs.artefacts.scout import OptionFigures
from sketchfit.stages.context import RunContext
from sketchfit.stages.resources import memory_of, training_memory, training_seconds
from sketchfit.stages.scout.options import Option
from sketchfit.stages.scout.rows import ScoutRows
from sketchfit.tracking.console import duration
from sketchfit.training.trial import Trial, try_training
from sketchfit.wording import size_text

BYTES_PER_PARAMETER = 16
"""Weight, gradient and two moments of an optimizer, in float32."""

LONG = 0.5
"""Seconds of training per image; a trial that takes longer is not repeated."""


@dataclass(frozen=True)
class TrialCost:
    """Of an option on this machine.

    Attributes:
        trial: what was measured.
        memory: bytes that a training needs, an estimate.
        run_seconds: training of all folds, an estimate.
        doubt: why the times are a guess; empty where they are not.
    """

    trial: Trial
    memory: int
    run_seconds: float
    doubt: str = ""


def measure(context: RunContext, option: Option, rows: ScoutRows, repeat: bool = False) -> TrialCost:
    """Try an option's training; once more where other processes disturb it.

    Args:
        context: of the scout.
        option: to try.
        rows: of the scout, all of them.
        repeat: try twice and take the shorter times; for the first network of a process, which starts libraries.

    Raises:
        UserError: the network cannot be built, loaded or trained.
    """
    folder = context.run.path
    folder.mkdir(parents=True, exist_ok=True)
    trial = _tried(option.recipe, context, folder)
    if (repeat or _doubt(trial)) and trial.training_seconds <= LONG:
        trial = _better(trial, _tried(option.recipe, context, folder))
    tests = len(context.table.test)
    seconds = sum(training_seconds(option.recipe, trial, fold, tests) for fold in rows.folds)
    return TrialCost(trial, training_memory(option.recipe, trial, 1), seconds, _doubt(trial))


def _tried(recipe: Recipe, context: RunContext, folder: Path) -> Trial:
    return try_training(recipe, context.table.class_count, context.engine.device, folder)


def _doubt(trial: Trial) -> str:
    return trial.doubt(torch.get_num_threads())


def _better(first: Trial, second: Trial) -> Trial:
    """Return the trial that is no guess, with the shorter times of both."""
    certain = second if _doubt(first) or not _doubt(second) else first
    return replace(
        certain,
        training_seconds=min(first.training_seconds, second.training_seconds),
        prediction_seconds=min(first.prediction_seconds, second.prediction_seconds),
    )


def with_cost(figures: OptionFigures, cost: TrialCost) -> OptionFigures:
    """Return the figures with what was measured."""
    changes = {
        "train_seconds": cost.run_seconds,
        "ms_per_image": 1000 * cost.trial.prediction_seconds,
        "memory": cost.memory,
        "doubt": cost.doubt,
    }
    return figures.model_copy(update=changes)


def too_large(context: RunContext, needed: int) -> str:
    """Return why a training of so many bytes does not fit into the memory; empty where it does or that is unknown."""
    available = memory_of(context.engine.device)
    if available is None or needed <= available:
        return ""
    device = context.engine.device.type
    return f"needs about {size_text(needed)} of memory, and {device} has {size_text(available)}"


def too_slow(run_seconds: float, allowed: float | None) -> str:
    """Return why a training takes too long; empty where it does not, or where no limit is given."""
    if allowed is None or run_seconds <= allowed:
        return ""
    return f"a run would train for about {duration(run_seconds)}, and {duration(allowed)} are allowed"


def shortened(recipe: Recipe, epochs: int) -> Recipe:
    """Return the recipe with fewer epochs, one validation at the end, and a kernel head.

    After a few epochs a trained head is far from its best, and a kernel head on the trained backbone is not. Lengths of
    the schedule in epochs or updates become shorter in proportion: a warm-up of an epoch would be all of a single one.
    """
    kernel = recipe.training.kernel
    if kernel.use == "none":
        kernel = kernel.model_copy(update={"use": "blend"})
    changes = {"epochs": epochs, "validate_every": 0, "early_stopping": 0, "resize": (), "kernel": kernel}
    training = recipe.training.model_copy(update=changes)
    share = epochs / recipe.training.epochs
    lengths = {"step_epochs": recipe.schedule.step_epochs * share}
    if recipe.schedule.warmup_unit != "share":
        lengths["warmup"] = recipe.schedule.warmup * share
    return recipe.model_copy(update={"training": training, "schedule": recipe.schedule.model_copy(update=lengths)})
