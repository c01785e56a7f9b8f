"""`sketchfit predict` with a network that is no run: a published one, or a bundle."""

from __future__ import annotations

from pathlib import Path

from sketchfit.data.image_sources import NamedImages
from sketchfit.inference.prediction_table import PredictionTable, prediction_columns
from sketchfit.loaded.load import load
from sketchfit.wording import counted


def predict_published(folder: Path, images: NamedImages, sets: float | None, reject: float | None) -> PredictionTable:
    """Label images; see `commands.predict.predict_table`. Nothing is known of the accuracy to expect on them.

    Args:
        folder: of a published network or a bundle.
        images: to be labelled.
        sets: coverage of prediction sets; None: no column `set`.
        reject: rate of rejection; None: no column `p_value`.

    Raises:
        UserError: it has no sets of this coverage, or cannot promise this rate.
    """
    model = load(folder)
    in_sets = None if sets is None else model.in_sets(sets)  # before images are read
    found = model.predict([images.root / path for path in images.split.paths], reject=reject)
    inside = None if in_sets is None else in_sets(found.proba)
    columns = prediction_columns(images.split.names, found.proba, found.errors, found.classes, inside, found.rejection)
    compared_with = None if reject is None else counted(len(model.unknown_test().known), "image")
    return PredictionTable(columns, images.notes, compared_with=compared_with)
