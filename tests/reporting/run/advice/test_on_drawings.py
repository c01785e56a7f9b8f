from __future__ import annotations

import pytest

from sketchfit.inference.intervals import Difference, wilson
from sketchfit.reporting.run.advice.findings import Calibratable
from sketchfit.reporting.run.advice.on_drawings import doubtful_labels, uncalibrated, unreadable_drawings
from tests.reporting.run.advice.findings import NO_CHANGE, fine, recipe


def test_the_gain_of_readable_drawings_by_hand() -> None:
    (advice,) = unreadable_drawings(fine(unreadable=30, test_rows=300, guessing=0.1), recipe())
    assert advice.gain is not None
    # A tenth of the test rows, from guessing (10 %) to 80 % (77 to 83).
    assert (advice.gain.value, advice.gain.low, advice.gain.high) == pytest.approx((0.07, 0.067, 0.073))
    assert unreadable_drawings(fine(unreadable=0, test_rows=300), recipe()) == []


def test_confidence_is_corrected_only_where_the_log_loss_on_other_folds_falls() -> None:
    better = Difference(-0.1, -0.12, -0.08, 0.001, 1000)
    for temperature, word in ((1.8, "high"), (0.5, "low")):
        (advice,) = uncalibrated(fine(calibration=Calibratable(0.1, temperature, better)), recipe())
        assert word in advice.title
        assert advice.tool == "again"
    assert uncalibrated(fine(calibration=Calibratable(0.1, 1.8, NO_CHANGE)), recipe()) == []
    assert uncalibrated(fine(calibration=Calibratable(0.04, 1.8, better)), recipe()) == []


def test_the_gain_of_correct_labels_is_that_of_the_measured_figure() -> None:
    (advice,) = doubtful_labels(fine(doubtful=40, wrong_labels=30.0), recipe())
    expected = wilson(30, 1000)
    assert advice.gain is not None
    assert (advice.gain.value, advice.gain.low, advice.gain.high) == (0.03, expected.low, expected.high)
    (advice,) = doubtful_labels(fine(doubtful=40), recipe())
    assert advice.gain is None


@pytest.mark.parametrize(
    ("expected", "text"),
    [(0.3, "less than one prediction is"), (1.2, "about 1 prediction is"), (1.7, "about 2 predictions are")],
)
def test_few_wrong_labels_are_not_none(expected: float, text: str) -> None:
    (advice,) = doubtful_labels(fine(doubtful=2, wrong_labels=expected), recipe())
    assert advice.gain is not None
    assert text in advice.gain.why


def test_labels_to_review() -> None:
    (advice,) = doubtful_labels(fine(doubtful=40), recipe())
    assert "40 of 1,000" in advice.evidence
    assert "near-duplicates" not in advice.evidence
    (advice,) = doubtful_labels(fine(copies=4), recipe())
    assert "4 drawings have near-duplicates" in advice.evidence
    assert "probably wrong" not in advice.evidence
    assert doubtful_labels(fine(doubtful=0), recipe()) == []
