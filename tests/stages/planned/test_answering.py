"""The stages of an answer: those of a long run correct and match class frequencies, between calibration and writing."""

from __future__ import annotations

from sketchfit.stages.calibrate import calibrate
from sketchfit.stages.planned.work import CORRECTED_FROM, answering
from sketchfit.stages.prior import correct_prior
from sketchfit.stages.write_predictions import write_predictions


def test_short_runs_do_not_correct() -> None:
    assert correct_prior not in answering(CORRECTED_FROM - 1)


def test_long_runs_correct_what_is_calibrated_before_it_is_written() -> None:
    stages = answering(CORRECTED_FROM)
    place = stages.index(correct_prior)
    assert stages[place - 1] is calibrate
    assert stages[place + 1] is write_predictions
    assert tuple(one for one in stages if one is not correct_prior) == answering(30.0)
