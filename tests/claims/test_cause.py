"""Tests of `claims.cause`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sketchfit.claims.cause import Claimed, TrueLabels, frequency_effect, likely_cause
from sketchfit.inference.intervals import Estimate

LABEL = np.repeat([0, 1], 50)
RIGHT = np.concatenate([np.ones(50, bool), np.zeros(50, bool)])  # class 0 is always right, class 1 never
CLAIMED = Claimed(Estimate(0.5, 0.4, 0.6, 100), None, RIGHT, LABEL)


def found(value: float, label: np.ndarray = LABEL) -> TrueLabels:
    return TrueLabels(Estimate(value, value - 0.05, value + 0.05, len(label)), label)


def test_a_claim_that_holds_has_no_cause() -> None:
    assert likely_cause(CLAIMED, found(0.45)) is None


def test_other_frequencies_are_named_where_they_explain_the_difference() -> None:
    label = np.repeat([0, 1], [20, 80])
    assert frequency_effect(CLAIMED, found(0.2, label)) == pytest.approx(-0.3)
    assert "frequencies" in str(likely_cause(CLAIMED, found(0.2, label)))
    assert "frequencies" not in str(likely_cause(CLAIMED, found(0.2)))


def test_related_rows_that_folds_separate_are_named() -> None:
    assert "photo" in str(likely_cause(replace(CLAIMED, ungrouped=("photo",)), found(0.2)))


def test_drift_is_named_where_the_test_rows_showed_it() -> None:
    assert "another kind" in str(likely_cause(replace(CLAIMED, label_free=0.25), found(0.2)))
    assert "another kind" not in str(likely_cause(replace(CLAIMED, label_free=0.48), found(0.2)))


@pytest.mark.parametrize(("value", "word"), [(0.2, "related"), (0.9, "easier")])
def test_what_is_left_is_named_by_its_direction(value: float, word: str) -> None:
    assert word in str(likely_cause(CLAIMED, found(value)))
