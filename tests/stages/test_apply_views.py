"""Views that were chosen are used unless choosing them on other folds is worse."""

import logging
from dataclasses import replace

import pytest

from sketchfit.inference.intervals import Difference, Estimate
from sketchfit.inference.view_gains import ViewGain
from sketchfit.inference.view_selection import SelectedViews
from sketchfit.stages.apply_views import print_views, views_choice


def gain(low: float, high: float) -> Difference:
    return Difference(value=(low + high) / 2, low=low, high=high, p_value=0.01, n=100)


HELPS, HURTS = gain(0.01, 0.02), gain(-0.02, -0.01)


def chosen(*names: str) -> SelectedViews:
    base = Estimate(0.5, 0.4, 0.6, 100)
    gains = tuple(ViewGain(name, base, HELPS, HELPS, True) for name in names)
    return SelectedViews(("identity", *names), "mean-prob", base, Estimate(0.55, 0.45, 0.65, 100), gains)


def test_views_whose_choice_on_other_folds_is_worse_are_not_used():
    assert views_choice("net", chosen("hflip"), HELPS, HURTS, 2.0).used
    assert views_choice("net", chosen("hflip"), gain(-0.01, 0.01), HURTS, 2.0).used
    worse = views_choice("net", chosen("hflip", "rot90"), gain(-0.03, -0.01), HELPS, 2.0)
    assert (worse.used, worse.before, worse.after) == (False, 0.5, 0.48)
    assert "hflip, rot90" in worse.name
    assert views_choice("net", chosen(), HURTS, HURTS, 2.0) is None


def test_where_accuracy_is_not_shown_to_be_lower_the_log_loss_decides():
    unclear = gain(-0.03, 0.01)
    used, not_used = (views_choice("net", chosen("hflip"), unclear, loss, 2.0) for loss in (HELPS, HURTS))
    assert (used.measure, used.before, used.used) == ("log-loss", 2.0, True)
    assert (not_used.measure, not_used.used) == ("log-loss", False)
    votes = views_choice("net", replace(chosen("hflip"), mode="vote"), unclear, HELPS, 2.0)
    assert (votes.measure, votes.used) == ("accuracy", False)


def test_without_views_the_comparison_stays_and_the_accuracy_is_that_of_the_base():
    alone = chosen("hflip").base_alone()
    assert (alone.names, alone.accuracy) == (("identity",), alone.base)
    assert [(one.name, one.kept) for one in alone.gains] == [("hflip", False)]


def test_the_log_has_the_log_loss_where_it_was_measured(caplog: pytest.LogCaptureFixture) -> None:
    views, without = chosen("hflip"), chosen("hflip")
    measured = replace(views.gains[0], loss_beside_base=gain(0.018, 0.05))
    with caplog.at_level(logging.INFO, "sketchfit"):
        print_views("net", without, HELPS)
        assert "log-loss" not in caplog.text
        print_views("net", replace(views, gains=(measured,)), HELPS)
    assert "0.034 lower (-0.050 to -0.018)" in caplog.text
