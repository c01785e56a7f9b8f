"""When a view is supported, and the verdict in words."""

from __future__ import annotations

import pytest

from sketchfit.inference.intervals import Difference, Estimate
from sketchfit.inference.view_gains import PairedGain, ViewGain, loss_statement, view_verdict
from sketchfit.runs.artefacts import TriedView


def gain(low: float, high: float, p_value: float = 0.01) -> Difference:
    return Difference(value=(low + high) / 2, low=low, high=high, p_value=p_value, n=100)


HELPS, NOTHING, HURTS = gain(0.01, 0.02), gain(-0.01, 0.02), gain(-0.02, -0.01)
STRONG, EQUAL, LOWER = gain(0.01, 0.02, 0.001), gain(-0.01, 0.01), gain(-0.02, 0.01)


@pytest.mark.parametrize(
    ("accuracy", "log_loss", "supported", "of_eight"),
    [
        (HELPS, None, True, False),
        (STRONG, None, True, True),
        (STRONG, HURTS, True, True),
        (NOTHING, None, False, False),
        (NOTHING, NOTHING, False, False),
        (NOTHING, HELPS, True, False),
        (NOTHING, STRONG, True, True),
        (EQUAL, STRONG, True, True),
        (LOWER, STRONG, False, False),
        (HURTS, STRONG, False, False),
    ],
)
def test_either_figure_supports_a_view(
    accuracy: Difference, log_loss: Difference | None, supported: bool, of_eight: bool
) -> None:
    found = PairedGain(accuracy, log_loss)
    assert (found.supports(), found.supports(8)) == (supported, of_eight)


def test_accuracy_comes_before_log_loss_in_the_order_of_views() -> None:
    assert PairedGain(HELPS, NOTHING).size > PairedGain(NOTHING, STRONG).size
    assert PairedGain(EQUAL, STRONG).size > PairedGain(EQUAL, NOTHING).size > PairedGain(EQUAL, None).size


@pytest.mark.parametrize(
    ("with_base", "with_chosen", "kept", "words"),
    [
        ((STRONG, None), (STRONG, None), True, "kept"),
        ((NOTHING, STRONG), (NOTHING, STRONG), True, "log-loss is lower"),
        ((HURTS, STRONG), (HURTS, STRONG), False, "worse"),
        ((NOTHING, None), (NOTHING, None), False, "no gain is shown"),
        ((NOTHING, NOTHING), (NOTHING, NOTHING), False, "no gain is shown"),
        ((LOWER, STRONG), (LOWER, STRONG), False, "accuracy too"),
        ((HELPS, None), (NOTHING, None), False, "adds nothing to the views that are kept"),
        ((NOTHING, HELPS), (NOTHING, NOTHING), False, "adds nothing to the views that are kept"),
        ((HELPS, None), (HELPS, None), False, "p ≤ 0.0063"),
        ((NOTHING, HELPS), (NOTHING, HELPS), False, "p ≤ 0.0063"),
        ((STRONG, None), (STRONG, None), False, "other folds"),
    ],
)
def test_the_verdict_agrees_with_the_intervals(with_base, with_chosen, kept, words) -> None:
    (base, base_loss), (chosen, chosen_loss) = with_base, with_chosen
    view = ViewGain("ink", Estimate(0.5, 0.4, 0.6, 100), base, chosen, kept, base_loss, chosen_loss)
    assert words in view_verdict(view, tried=8)
    assert view_verdict(TriedView.model_validate(view), tried=8) == view_verdict(view, tried=8)
    assert kept == view_verdict(view, tried=8).startswith("kept")


def test_a_gain_is_a_lower_log_loss() -> None:
    assert "lower (-0.020 to -0.010)" in loss_statement(HELPS)
    assert "higher (+0.010 to +0.020)" in loss_statement(HURTS)
