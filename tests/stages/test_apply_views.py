"""The verdict on a view that was tried."""

import pytest

from sketchfit.inference.intervals import Difference, Estimate
from sketchfit.inference.view_selection import ViewGain
from sketchfit.stages.apply_views import view_verdict


def gain(low: float, high: float) -> Difference:
    return Difference(value=(low + high) / 2, low=low, high=high, p_value=0.01, n=100)


@pytest.mark.parametrize(
    ("low", "high", "kept", "words"),
    [
        (0.01, 0.02, True, "kept"),
        (-0.02, -0.01, False, "hurts"),
        (-0.01, 0.02, False, "does not help"),
        (0.01, 0.02, False, "adds nothing to the views that are kept"),
    ],
)
def test_the_verdict_separates_views_that_help_alone_from_those_that_do_not(low, high, kept, words):
    view = ViewGain("ink", Estimate(0.5, 0.4, 0.6, 100), gain(low, high), gain(-0.01, 0.01), kept)
    assert view_verdict(view) == words
