"""`sketchfit predict` with a network that is no run: a published one, or a bundle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from sketchfit.bundle.manifest import UnknownRule
from sketchfit.bundle.predictions import set_rule
from sketchfit.bundle.unknown_rule import unknown_test
from sketchfit.data.image_sources import NamedImages
from sketchfit.errors import UserError
from sketchfit.inference.arrays import Floats
from sketchfit.inference.prediction_table import prediction_table
from sketchfit.inference.unknown import Rejection, check_classes
from sketchfit.loaded.load import load
from sketchfit.loaded.place import stated_by
from sketchfit.wording import counted


def predict_published(folder: Path, images: NamedImages, sets: float | None, reject: float | None) -> pd.DataFrame:
    """Label images; see `commands.predict.predict`. Nothing is known of the accuracy to expect on them.

    Args:
        folder: of a published network or a bundle.
        images: to be labelled.
        sets: coverage of prediction sets; None: no column `set`.
        reject: rate of rejection; None: no column `p_value`.

    Raises:
        UserError: it has no sets of this coverage, or cannot promise this rate.
    """
    stated, rule = stated_by(folder), None
    if sets is not None:
        rule = set_rule(stated.sets, sets)
    if reject is not None:
        check_classes(stated.labels, stated.names)
        check_rate(stated.unknown, reject)
    found = load(folder).predict([images.root / path for path in images.split.paths])
    proba: Floats = np.nan_to_num(found.proba)
    inside = None if rule is None else rule.sets(proba)
    rejection = compared_with = None
    if reject is not None and stated.unknown is not None:
        compared_with = counted(len(stated.unknown.known), "image")
        p_value = np.where([not error for error in found.errors], unknown_test(stated.unknown).p_values(proba), np.nan)
        rejection = Rejection.at(p_value, reject)
    frame = prediction_table(images.split.names, proba, found.errors, found.classes, inside, rejection)
    frame.attrs.update(notes=images.notes, accuracy=None, contradicts=None, compared_with=compared_with)
    return frame


def check_rate(rule: UnknownRule | None, rate: float) -> None:
    """Refuse a rate of rejection that a rule cannot promise.

    Raises:
        UserError: there is no rule, or the rate is not between its smallest one and 1.
    """
    if rule is None:
        raise UserError("this network was published without a rule for unknown classes", "Leave out --reject.")
    smallest = unknown_test(rule).smallest
    if not smallest <= rate < 1:
        raise UserError(
            f"the rate of rejection must be at least {smallest:.3g} and below 1, not {rate:g}",
            "It depends on how many drawings the network was measured on.",
        )
