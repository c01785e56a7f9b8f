"""The folds and groups of a run that has finished networks: what comes later does not change them."""

from __future__ import annotations

from sketchfit.runs.table import TrainingRows, read_training_rows
from sketchfit.stages.context import RunContext


def folds_of_networks(context: RunContext) -> TrainingRows | None:
    """Return the folds of a run that has finished networks; None for one without.

    Other test images, and other settings of what follows training, may give other groups of related rows.
    """
    finished = any(context.run.path.glob("members/*/*/done.json"))
    return read_training_rows(context.run.folds) if finished and context.run.folds.is_file() else None
