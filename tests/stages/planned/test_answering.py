"""The stages of an answer: those of a long run correct and match class frequencies, between calibration and writing."""

from __future__ import annotations

from sketchfit.stages.calibrate import calibrate
from sketchfit.stages.planned.answering import CORRECTED_FROM, answering
from sketchfit.stages.prior import correct_prior
from sketchfit.stages.write_predictions import write_predictions


def test_short_runs_do_not_correct() -> None:
    assert correct_prior not in answering(CORRECTED_FROM - 1, 10)


def test_long_runs_correct_what_is_calibrated_before_it_is_written() -> None:
    stages = answering(CORRECTED_FROM, 345)
    place = stages.index(correct_prior)
    assert stages[place - 1] is calibrate
    assert stages[place + 1] is write_predictions
    assert tuple(one for one in stages if one is not correct_prior) == answering(30.0, 345)


def test_with_many_classes_only_longer_runs_correct() -> None:
    assert correct_prior not in answering(599.0, 1000)
    assert correct_prior in answering(CORRECTED_FROM, 1000)
    assert correct_prior not in answering(1200.0, 2000)
