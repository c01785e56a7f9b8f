"""The run's probabilities and the rules for new images, written to `ensemble/`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sketchfit.config.recipe import Recipe
from sketchfit.inference.oof import Predictions, Rows
from sketchfit.moving import delete_file
from sketchfit.runs.artefacts import (
    Choices,
    ClaimRecord,
    EnsembleComparison,
    EstimatedFrequencies,
    LabelFreeRecord,
    MeasuredChoice,
    Steps,
)
from sketchfit.runs.folder import RunFolder
from sketchfit.runs.probabilities import write_probabilities
from sketchfit.stages.apply_views import views_record
from sketchfit.stages.calibrate import calibration_record
from sketchfit.stages.combine import comparison_record, print_comparison, weights_record
from sketchfit.stages.context import RunContext, RunState, made
from sketchfit.stages.products import Ensemble
from sketchfit.stages.refit import refit_name

TEST = "ensemble/test.npz"
"""In a run's folder: probabilities of the test rows."""


def write_predictions(context: RunContext, state: RunState) -> RunState:
    """Write all files of `ensemble/` together, so that they belong to one another also in an interrupted run."""
    context.engine.on_main(lambda: _write(context, state))
    return state


def _write(context: RunContext, state: RunState) -> None:
    run, recipe = context.run, context.recipe
    _delete_former(context, state)
    refits = {name: (refit_name(name), recipe.refit.weight) for name in state.refits}
    run.write(views_record(state.predictions, refits))
    write_ensemble(run, recipe, made(state.ensemble), list(state.sources))
    write_choices(run, state.choices)
    calibrated = made(state.calibrated)
    run.write(calibration_record(calibrated, state.rows, recipe.calibration))
    if state.class_frequencies is not None:
        run.write(state.class_frequencies)
    write_run_predictions(run, state.rows, calibrated.predictions)
    run.write(Steps(steps=state.steps))


def _delete_former(context: RunContext, state: RunState) -> None:
    """Delete what an earlier start wrote, belongs to its predictions, and is not written again with those of now."""
    former = [ClaimRecord.PLACE]  # the claim of the predictions of now is written after them
    if not context.recipe.claim.enabled:
        former.append(LabelFreeRecord.PLACE)
    if state.class_frequencies is None:
        former.append(EstimatedFrequencies.PLACE)
    if made(state.ensemble).comparison is None:
        former.append(EnsembleComparison.PLACE)
    if not len(made(state.calibrated).predictions.test):
        former.append(TEST)
    for place in former:
        delete_file(context.run.path / place)


def write_ensemble(run: RunFolder, recipe: Recipe, ensemble: Ensemble, members: Sequence[str]) -> None:
    """Write the rule for new rows and, for several members, print and write the comparison of all ways."""
    run.write(weights_record(ensemble, members, recipe.ensemble.folds))
    if ensemble.comparison is not None and ensemble.diversity is not None:
        print_comparison(ensemble.comparison, ensemble.diversity, ensemble.method)
        run.write(comparison_record(ensemble.comparison, ensemble.diversity))


def write_choices(run: RunFolder, choices: Sequence[MeasuredChoice]) -> None:
    """Write what was measured before it was used, or not used."""
    run.write(Choices(choices=tuple(choices)))


def write_run_predictions(run: RunFolder, rows: Rows, predictions: Predictions) -> None:
    """Write `ensemble/oof.npz` and, where there are test rows, `ensemble/test.npz`."""
    write_probabilities(run.ensemble / "oof.npz", rows.row, predictions.oof)
    if len(predictions.test):
        write_probabilities(run.path / TEST, np.arange(len(predictions.test)), predictions.test)
