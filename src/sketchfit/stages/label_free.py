"""The model that estimates accuracy without labels: measured once per run, stored, and used by `predict` as well."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sketchfit.claims.label_free import LabelFreeModel
from sketchfit.claims.shifts import Change
from sketchfit.claims.simulate import FEWEST_ROWS, MOST_ROWS, affordable_rows, predict_changed, simulate
from sketchfit.claims.stored import from_record, to_record
from sketchfit.claims.unit import Answers
from sketchfit.data.folds import Fold
from sketchfit.inference.predictor import Predictor
from sketchfit.models.saved_network import load_network
from sketchfit.runs.artefacts import LabelFreeRecord
from sketchfit.stages.context import Member, RunContext, RunState, made

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


def label_free_model(
    context: RunContext, state: RunState, answers: Answers, folds: Sequence[Fold], group: Ints | None
) -> LabelFreeModel:
    """Return the model of a run; `ensemble/label_free.json` has it after the first time.

    Call it in the main process.

    Args:
        context: of the run.
        state: after calibration.
        answers: of the run, one unit per fold.
        folds: of the units, in their order.
        group: int [N], related training rows share a number; None: rows are independent.
    """
    plain = LabelFreeModel.fit(answers, group)
    stored = LabelFreeRecord.find(context.run.path)
    most, trained = (
        context.recipe.claim.simulated,
        sum(len(fold.train) for fold in folds) * context.recipe.training.epochs,
    )
    count = affordable_rows(sum(len(unit.row) for unit in answers.units), trained, most)
    # The same thresholds mean the same networks and the same rows.
    wanted = stored is not None and bool(stored.shifts) == (count >= FEWEST_ROWS)
    if stored is not None and wanted and stored.model_copy(update={"shifts": ()}) == to_record(plain):
        return from_record(stored)

    def predict(place: int, rows: Ints, changes: Sequence[Change]) -> list[Floats]:
        by_member = [
            _changed(context, source.networks, folds[place], rows, changes) for source in state.sources.values()
        ]
        return [made(state.ensemble).rule.combine(parts) for parts in zip(*by_member, strict=True)]

    simulated = simulate(plain.correction.reference, answers.units, predict, count, context.recipe.seed)
    found = LabelFreeModel.fit(answers, group, simulated)
    record = to_record(found)
    context.run.write(record)
    return from_record(record)


def _changed(context: RunContext, networks: Member, fold: Fold, rows: Ints, changes: Sequence[Change]) -> list[Floats]:
    """Predict changed rows by one network."""
    folder, recipe = context.run.network(networks.name, fold.number), networks.recipe
    network = load_network(folder.path, recipe, context.table.class_count)
    predictor = Predictor.of(network, recipe, context.engine.device, images=MOST_ROWS * len(changes))
    return predict_changed(predictor, networks.train, rows, changes, recipe.seed)
