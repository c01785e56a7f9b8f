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
def test_a_view_that_helps_alone_but_not_beside_others_is_told_from_one_that_does_not_help(low, high, kept, words):
    view = ViewGain("ink", Estimate(0.5, 0.4, 0.6, 100), gain(low, high), gain(-0.01, 0.01), kept)
    assert view_verdict(view) == words
