from __future__ import annotations

import math

import pytest

from sketchfit.reporting.run.advice.findings import AveragedNetworks, LearningSlope, LeftOut
from sketchfit.reporting.run.advice.on_amounts import (
    gain_of_drawings,
    gain_of_networks,
    more_drawings,
    more_networks,
    more_time,
)
from tests.reporting.run.advice.findings import fine, recipe


def test_the_gain_of_networks_by_hand() -> None:
    # Three networks gain two thirds of what infinitely many would, 12 points; six gain five sixths: 10 - 8 = 2 points.
    gain = gain_of_networks(AveragedNetworks(3, 0.08))
    assert gain is not None
    assert gain.value == pytest.approx(0.02)
    assert (gain.high - gain.low) / 2 == pytest.approx(1.96 * 0.25 * 0.02)
    assert gain_of_networks(AveragedNetworks(1, 0.0)) is None
    assert gain_of_networks(AveragedNetworks(3, 0.0)) is None
    assert gain_of_networks(AveragedNetworks(3, 0.1, 0.8)) is None  # half of the errors, where the claim limits it


def test_more_networks() -> None:
    found = fine(averaged=AveragedNetworks(3, 0.08))
    assert more_networks(found, recipe())[0].settings == ("folds.repeats=2",)
    assert more_networks(found, recipe("folds.column=fold")) == []
    assert more_networks(fine(averaged=AveragedNetworks(5, 0.01)), recipe()) == []


@pytest.mark.parametrize(
    ("own", "setting"), [("folds.holdout=0.2", "folds.holdout=null"), ("folds.train=[0]", "folds.train=null")]
)
def test_one_network_claims_no_gain_of_more(own: str, setting: str) -> None:
    (advice,) = more_networks(fine(), recipe(own))
    assert (advice.settings, advice.gain) == ((setting,), None)


def test_more_time_continues_the_same_run() -> None:
    (advice,) = more_time(fine(left_out=LeftOut(2, 5, 0.1, 600.0)), recipe())
    assert (advice.options, advice.tool, advice.gain) == (("--time", "1200s"), "again", None)
    assert "2 of 5" in advice.evidence
    assert more_time(fine(), recipe()) == []


def test_the_gain_of_drawings_by_hand() -> None:
    gain = gain_of_drawings(LearningSlope(0.5, 1.0, 0.1))
    # Odds of 1 become 2 to the power of the slope.
    assert gain.value == pytest.approx(2 / 3 - 0.5)
    assert gain.low == pytest.approx(2**0.804 / (1 + 2**0.804) - 0.5)
    assert gain.high == pytest.approx(2**1.196 / (1 + 2**1.196) - 0.5)
    assert math.isfinite(gain_of_drawings(LearningSlope(1.0, 1.0, 0.1)).value)


def test_more_drawings_only_where_the_slope_is_above_zero() -> None:
    assert more_drawings(fine(learning=LearningSlope(0.5, 1.0, 0.6)), recipe()) == []
    assert more_drawings(fine(learning=None), recipe()) == []
    assert len(more_drawings(fine(learning=LearningSlope(0.5, 1.0, 0.1)), recipe())) == 1


def test_repeats_do_not_count_as_folds() -> None:
    """The claim averages the networks of a fold over the repeats, and compares folds."""
    averaged = AveragedNetworks(5, 0.08, repeats=2)
    gain = gain_of_networks(averaged)
    assert gain is not None
    assert gain.value == pytest.approx(0.08 / 8)
    (advice,) = more_networks(fine(averaged=averaged), recipe("folds.repeats=2"))
    assert advice.settings == ("folds.repeats=4",)
    assert "each fold 4 times" in advice.action
    assert "networks of 5 folds" in advice.evidence


@pytest.mark.parametrize(("members", "title"), [(1, "One network was"), (2, "The 2 networks of one fold were")])
def test_one_fold_may_have_networks_of_several_members(members: int, title: str) -> None:
    (advice,) = more_networks(fine(averaged=AveragedNetworks(1, members=members)), recipe("folds.holdout=0.2"))
    assert advice.title.startswith(title)
