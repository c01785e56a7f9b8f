"""The model of an open run."""

from __future__ import annotations

import torch

from sketchfit.errors import RunError, UserError
from sketchfit.inference.oof import rows_of
from sketchfit.inference.oof_sets import conformal_sets
from sketchfit.inference.run_predictor import RunPredictor
from sketchfit.inference.run_unknown import RunUnknown
from sketchfit.loaded.classes import ClassTexts
from sketchfit.loaded.model import InSets
from sketchfit.loaded.run_model import RunModel, RunRules
from sketchfit.runs.run import Run


def run_model(run: Run, *, distilled: bool = False, device: str | None = None, keep: bool = True) -> RunModel:
    """Return the model of an open run, finished or not; its networks are loaded when they are first used.

    Args:
        run: that is open.
        distilled: only the run's distilled student.
        device: see `load`.
        keep: see `RunModel`.

    Raises:
        UserError: a file is missing, there is no student, the run is an ensemble of runs, or there is no such device.
    """
    predictor = RunPredictor.of_student(run) if distilled else RunPredictor.of(run)
    classes = ClassTexts(run.table.class_labels, run.table.class_names)

    def sets(coverage: float) -> InSets:
        if distilled:
            raise RunError("sets are calibrated for the predictions of all members", "Use the run without distilled.")
        return run_sets(run, coverage)

    rules = RunRules(sets, lambda: RunUnknown.of(run, predictor))
    return RunModel(predictor, classes, None if device is None else device_named(device), rules, keep)


def run_sets(run: Run, coverage: float) -> InSets:
    """Return the function from a run's probabilities to prediction sets, calibrated on its out-of-fold rows.

    Raises:
        UserError: the run has none.
    """
    if not run.has("oof"):
        raise RunError(f"{run.path} has no out-of-fold rows to calibrate sets on", "Sets need a run with folds.")
    oof = run.oof()
    rows = rows_of(run.rows, oof.row)
    return conformal_sets(oof.prob, rows, coverage, run.recipe.calibration.set_score).sets


def device_named(name: str) -> torch.device:
    """Return the device of a name.

    Raises:
        UserError: this machine has none of this name.
    """
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise UserError(f"there is no device {name!r} here", "For example: cpu") from error
    return device
