"""Out-of-fold accuracy of a kernel head on a frozen backbone: one pass over the images, and one decomposition."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sketchfit.bank.extractor import Extractor
from sketchfit.bank.features import FeaturePass
from sketchfit.bank.kernel import KernelRidge
from sketchfit.bank.scale import FeatureScale
from sketchfit.config.recipe import Recipe
from sketchfit.data.store import Store
from sketchfit.errors import UserError
from sketchfit.models.pooling import NoFeaturesError
from sketchfit.stages.context import RunContext
from sketchfit.stages.scout.rows import ScoutRows

HEAD_SECONDS = 10.0
"""Assumed time of a head on `HEAD_ROWS` rows; corrected by what is measured."""
HEAD_ROWS = 6_000

Rows = NDArray[np.int64]
Floats = NDArray[np.float32]


def head_seconds(rows: int) -> float:
    """Return the assumed time of a head on a number of rows."""
    return HEAD_SECONDS * (rows / HEAD_ROWS) ** 3


def bank_right(context: RunContext, recipe: Recipe, store: Store, rows: ScoutRows) -> tuple[Rows, NDArray[np.bool_]]:
    """Return the validated rows of a scout, int64 [n], and whether each is right, bool [n].

    Each row is classified by a head that is fitted without the rows of its fold. Features are put on one scale by all
    rows, without labels.

    Raises:
        UserError: the network cannot be built, or has no features before its classifier.
    """
    try:
        extractor = Extractor.of(recipe, context.engine.device)
    except NoFeaturesError as error:
        raise UserError(f"{recipe.model.backbone}: {error}") from error
    if len(rows.sample) == int(store.readable.sum()):  # in the cache that runs use too
        values = FeaturePass(recipe, extractor, context.console).features(store).read()[rows.sample]
    else:
        values = extractor.of_rows(store, rows.sample)
    scale = FeatureScale.of(values, extractor.pooling.widths)
    return out_of_fold(scale.apply(values), context.table.label, rows)


def out_of_fold(features: Floats, label: Rows, rows: ScoutRows) -> tuple[Rows, NDArray[np.bool_]]:
    """Return the validated rows among the sampled ones, and whether each is right by a head without its fold.

    Args:
        features: float32 [n, D], of `rows.sample`.
        label: int64 [N], of all rows.
        rows: of the scout.
    """
    known = label[rows.sample]
    try:
        ridge = KernelRidge.of(features, known, int(label.max()) + 1)
    except ValueError as error:
        raise UserError(f"kernel head: {error}", "Leave the candidate out.") from error
    right = np.zeros(len(known), dtype=np.bool_)
    validated = np.zeros(len(known), dtype=np.bool_)
    for fold in rows.folds:
        places = np.flatnonzero(np.isin(rows.sample, fold.valid))
        if len(places) and len(places) < len(known):
            right[places] = ridge.held_out(places).argmax(axis=1) == known[places]
            validated[places] = True
    return rows.sample[validated], right[validated]
