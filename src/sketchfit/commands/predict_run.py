"""`sketchfit predict` with a run: the answers of its ensemble, and the accuracy to expect on the images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sketchfit.claims.alarm import alarm
from sketchfit.claims.label_free import LabelFree
from sketchfit.claims.new_rows import estimate_new, wanted_rows
from sketchfit.commands.predict_options import PredictOptions
from sketchfit.data.image_sources import NamedImages
from sketchfit.inference.prediction_table import PredictionTable, prediction_columns
from sketchfit.inference.rejection import RejectionRule
from sketchfit.loaded.of_run import run_model, run_sets
from sketchfit.runs.estimates import Estimate
from sketchfit.runs.run import Run


def predict_run(run: Run, named: NamedImages, options: PredictOptions) -> PredictionTable:
    """Label images with a run; see `commands.predict.predict_table`.

    Raises:
        UserError: there is no student, or the run cannot promise such a rate of rejection.
    """
    paths = [named.root / path for path in named.split.paths]
    model = run_model(run, distilled=options.distilled, keep=False)
    inside = None if options.sets is None else run_sets(run, options.sets)
    rule = None if options.reject is None else RejectionRule.of(run, model.predictor, options.reject)
    record = None if options.distilled else run.label_free
    wanted = wanted_rows(0 if record is None else len(paths))
    keeps_all = rule is not None and rule.unknown.judges is not None
    found = model.answers(paths, np.arange(len(paths)) if keeps_all else wanted)
    answers, readable = found.answers, np.array([not error for error in found.errors], dtype=np.bool_)
    in_sets = None if inside is None else inside(answers.final)
    rejection = None if rule is None else rule.apply(answers, found.errors)
    of_wanted = answers.keeping(wanted) if keeps_all else answers
    estimate = None if record is None else estimate_new(record, model.predictor, of_wanted, wanted, readable)
    return PredictionTable(
        prediction_columns(named.split.names, answers.final, found.errors, run.table, in_sets, rejection),
        notes=named.notes,
        accuracy=None if estimate is None else replace(estimate.final, n=int(readable.sum())),
        contradicts=None if estimate is None else _contradicted(run, estimate),
        compared_with=None if rule is None else rule.unknown.compared_with,
    )


def _contradicted(run: Run, found: LabelFree) -> Estimate | None:
    """Return the run's claim where new images contradict it."""
    claim = run.claim
    if claim is None or not alarm(found, claim.single, claim.single_error).fires:
        return None
    return claim.expected
