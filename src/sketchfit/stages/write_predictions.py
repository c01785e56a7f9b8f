"""The run's probabilities and the rules for new images, written to `ensemble/`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sketchfit.files import write_json, write_npz
from sketchfit.inference.oof import Answers, Rows, Step, estimate_json
from sketchfit.runs.folder import RunFolder
from sketchfit.stages.apply_views import views_json
from sketchfit.stages.calibrate import write_calibration
from sketchfit.stages.combine import write_ensemble
from sketchfit.stages.context import RunContext, RunState, made
from sketchfit.stages.refit import refit_name


def write_predictions(context: RunContext, state: RunState) -> RunState:
    """Write all files of `ensemble/` together, so that they belong to one another also in an interrupted run."""
    context.engine.on_main(lambda: _write(context, state))
    return state


def _write(context: RunContext, state: RunState) -> None:
    run, recipe, calibrated = context.run, context.recipe, made(state.calibrated)
    refits = {name: (refit_name(name), recipe.refit.weight) for name in state.refits}
    write_json(run.ensemble / "views.json", views_json(state.predictions, refits))
    write_ensemble(run.ensemble, made(state.ensemble), list(state.sources), recipe.ensemble.folds)
    write_calibration(run.ensemble / "calibration.json", calibrated, state.rows, recipe.calibration)
    write_answers(run, state.rows, calibrated.answers)
    write_steps(run, state.steps)


def write_answers(run: RunFolder, rows: Rows, answers: Answers) -> None:
    """Write `ensemble/oof.npz` and, where there are test rows, `ensemble/test.npz`."""
    write_npz(run.ensemble / "oof.npz", {"row": rows.row, "prob": answers.oof})
    if len(answers.test):
        write_npz(run.ensemble / "test.npz", {"row": np.arange(len(answers.test)), "prob": answers.test})


def write_steps(run: RunFolder, steps: Sequence[Step]) -> None:
    """Write `ensemble/steps.json`: the out-of-fold top-1 after each step, and its gain over the one before."""
    write_json(
        run.ensemble / "steps.json",
        [
            {
                "name": step.name,
                "top1": estimate_json(step.top1),
                "gain": estimate_json(step.gain) if step.gain else None,
            }
            for step in steps
        ],
    )
