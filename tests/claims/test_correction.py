"""The correction of the accuracy by thresholds."""

import numpy as np
import pytest

from sketchfit.claims.correction import Correction, features
from sketchfit.claims.signals import Reference, Signals, UnitReference
from sketchfit.claims.thresholds import Threshold

UNIT = UnitReference(0.5, 0.5, Threshold(0.0, 1.0), Threshold(0.0, 1.0))
REFERENCE = Reference(1.0, (UNIT,), collision=0.1)


def test_features_are_zero_where_nothing_changed() -> None:
    assert features(REFERENCE, Signals(0.5, 0.5, 0.5, 0.1)) == pytest.approx([0, 0, 0])


def test_features_are_differences_of_log_odds_and_the_log_of_the_concentration() -> None:
    found = features(REFERENCE, Signals(by_confidence=0.2, by_entropy=0.1, by_difference=0.3, collision=0.2))
    assert found == pytest.approx([np.log(4 / 9), np.log(1 / 4), np.log(2)])


def test_answers_that_are_less_concentrated_than_before_count_as_unchanged() -> None:
    assert features(REFERENCE, Signals(0.5, 0.5, 0.5, 0.02))[2] == 0


def test_the_correction_is_linear_in_log_odds() -> None:
    correction = Correction((1.0, 0.0, -1.0), (0.1, 0.0))
    found = correction.accuracy(REFERENCE, Signals(0.2, 0.1, 0.3, 0.2))
    assert found / (1 - found) == pytest.approx(1 / 4 * 4 / 9 / 2)


def test_the_error_grows_with_the_change() -> None:
    correction = Correction((0.0, 0.0, 0.0), (0.1, 0.5))
    assert correction.error(REFERENCE, Signals(0.5, 0.5, 0.5, 0.1)) == pytest.approx(0.1)
    assert correction.error(REFERENCE, Signals(0.2, 0.2, 0.2, 0.1)) == pytest.approx(np.hypot(0.1, 0.5 * np.log(4)))
