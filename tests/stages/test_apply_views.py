"""The verdict on a view that was tried."""

import pytest

from sketchfit.inference.intervals import Difference, Estimate
from sketchfit.inference.view_selection import SelectedViews, ViewGain
from sketchfit.stages.apply_views import view_verdict, views_choice


def gain(low: float, high: float) -> Difference:
    return Difference(value=(low + high) / 2, low=low, high=high, p_value=0.01, n=100)


HELPS, NOTHING, HURTS = gain(0.01, 0.02), gain(-0.01, 0.02), gain(-0.02, -0.01)


@pytest.mark.parametrize(
    ("with_base", "with_chosen", "kept", "words"),
    [
        (HELPS, HELPS, True, "kept"),
        (HURTS, HURTS, False, "worse"),
        (NOTHING, NOTHING, False, "no gain is shown"),
        (HELPS, NOTHING, False, "adds nothing to the views that are kept"),
        (HELPS, HELPS, False, "p ≤ 0.0063"),
    ],
)
def test_the_verdict_agrees_with_the_intervals(with_base, with_chosen, kept, words):
    view = ViewGain("ink", Estimate(0.5, 0.4, 0.6, 100), with_base, with_chosen, kept)
    assert words in view_verdict(view, tried=8)


def chosen(*names: str) -> SelectedViews:
    base = Estimate(0.5, 0.4, 0.6, 100)
    gains = tuple(ViewGain(name, base, HELPS, HELPS, True) for name in names)
    return SelectedViews(("identity", *names), "mean-prob", base, Estimate(0.55, 0.45, 0.65, 100), gains)


def test_views_whose_choice_on_other_folds_is_worse_are_not_used():
    assert views_choice("net", chosen("hflip"), HELPS).used
    assert views_choice("net", chosen("hflip"), gain(-0.01, 0.01)).used
    worse = views_choice("net", chosen("hflip", "rot90"), gain(-0.03, 0.01))
    assert (worse.used, worse.before, worse.after) == (False, 0.5, 0.49)
    assert "hflip, rot90" in worse.name
    assert views_choice("net", chosen(), HURTS) is None


def test_without_views_the_comparison_stays_and_the_accuracy_is_that_of_the_base():
    alone = chosen("hflip").base_alone()
    assert (alone.names, alone.accuracy) == (("identity",), alone.base)
    assert [(one.name, one.kept) for one in alone.gains] == [("hflip", False)]
