"""Views that were chosen are used unless choosing them on other folds is worse."""

import logging
from dataclasses import replace

import numpy as np
import pytest

from sketchfit.inference.intervals import Difference, Estimate
from sketchfit.inference.oof import Rows
from sketchfit.inference.view_gains import ViewGain
from sketchfit.inference.view_selection import SelectedViews
from sketchfit.runs.artefacts import MeasuredChoice
from sketchfit.stages.apply_views import print_views, views_choice


def gain(low: float, high: float) -> Difference:
    return Difference(value=(low + high) / 2, low=low, high=high, p_value=0.01, n=100)


HELPS = gain(0.01, 0.02)


def chosen(*names: str) -> SelectedViews:
    base = Estimate(0.5, 0.4, 0.6, 100)
    gains = tuple(ViewGain(name, base, HELPS, HELPS, True) for name in names)
    return SelectedViews(("identity", *names), "mean-prob", base, Estimate(0.55, 0.45, 0.65, 100), gains)


LABEL = np.zeros(200, dtype=np.int64)
ROWS = Rows(np.arange(200), LABEL, np.arange(200) % 4, None)


def answers(wrong: int, sure: float = 0.7) -> np.ndarray:
    """Return probabilities of two classes, wrong in the first rows; the others are as sure as given."""
    right = np.where(np.arange(200) < wrong, 0.45, sure).astype(np.float32)
    return np.stack([right, 1 - right], axis=1)


def choice_of(views: SelectedViews, nested: np.ndarray) -> MeasuredChoice:
    found = views_choice("net", views, ROWS, answers(100), nested)
    assert found is not None
    return found


def test_views_whose_choice_on_other_folds_is_worse_are_not_used():
    assert choice_of(chosen("hflip"), answers(80)).used
    assert choice_of(chosen("hflip"), answers(100, sure=0.6)).used
    worse = choice_of(chosen("hflip", "rot90"), answers(140, sure=0.99))
    assert (worse.measure, worse.used, worse.before, worse.after) == ("accuracy", False, 0.5, pytest.approx(0.3))
    assert "hflip, rot90" in worse.name
    assert views_choice("net", chosen(), ROWS, answers(100), answers(140)) is None


def test_where_accuracy_is_not_shown_to_be_lower_the_log_loss_decides():
    used, not_used = (choice_of(chosen("hflip"), answers(101, sure)) for sure in (0.9, 0.6))
    assert (used.measure, used.used) == ("log-loss", True)
    assert used.before == pytest.approx(-(np.log(0.45) + np.log(0.7)) / 2)
    assert (not_used.measure, not_used.used) == ("log-loss", False)
    votes = choice_of(replace(chosen("hflip"), mode="vote"), answers(101, 0.9))
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
