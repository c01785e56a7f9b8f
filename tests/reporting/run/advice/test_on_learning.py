from __future__ import annotations

import pytest

from sketchfit.inference.intervals import Estimate
from sketchfit.reporting.run.advice.findings import NetworkAccuracy, TrainingCurve
from sketchfit.reporting.run.advice.on_learning import does_not_learn, failed_networks, near_chance
from tests.reporting.run.advice.findings import fine, recipe


@pytest.mark.parametrize(
    ("value", "low", "guessing", "expected"),
    [
        (0.52, 0.45, 0.5, True),  # two classes, not shown to be better
        (0.52, 0.51, 0.5, True),  # shown, but 4 % of the way
        (0.60, 0.57, 0.5, False),
        (0.006, 0.004, 0.002, True),  # 500 classes, three times as often right as by chance
        (0.04, 0.035, 0.002, False),  # twenty times
        (0.92, 0.91, 0.9, False),  # one class has 90 % of the rows; a fifth of the way
    ],
)
def test_near_chance(value: float, low: float, guessing: float, expected: bool) -> None:
    assert near_chance(Estimate(value, low, value + 0.01, 500), guessing) is expected


@pytest.mark.parametrize(
    ("train", "pretrained", "tool", "settings"),
    [
        (0.53, True, "lr-find", ()),
        (None, True, "lr-find", ()),
        (0.53, False, "run", ("model.pretrained=true",)),
        (0.99, True, "", ()),
    ],
)
def test_a_run_at_chance(train: float | None, pretrained: bool, tool: str, settings: tuple[str, ...]) -> None:
    found = fine(accuracy=Estimate(0.52, 0.45, 0.59, 200), guessing=0.5, curves=(TrainingCurve(8, train),))
    (advice,) = does_not_learn(found, recipe(f"model.pretrained={str(pretrained).lower()}"))
    assert (advice.tool, advice.settings, advice.urgent, advice.gain) == (tool, settings, True, None)
    assert "52.0" in advice.evidence


def _networks(*values: float) -> tuple[NetworkAccuracy, ...]:
    return tuple(
        NetworkAccuracy(f"net/fold{k}", Estimate(value, value - 0.02, value + 0.02, 100))
        for k, value in enumerate(values)
    )


def test_the_gain_of_a_network_that_failed_is_its_share_times_the_difference() -> None:
    (advice,) = failed_networks(fine(networks=_networks(0.05, 0.8, 0.7, 0.9)), recipe("optimizer.lr=0.004"))
    assert advice.settings == ("optimizer.lr=0.002",)
    assert advice.gain is not None
    # A quarter of the rows, from 5 % to the mean of the others, 80 %; from their lowest end to their highest.
    assert advice.gain.value == pytest.approx(0.25 * 0.75)
    assert advice.gain.low == pytest.approx(0.25 * (0.68 - 0.05))
    assert advice.gain.high == pytest.approx(0.25 * (0.92 - 0.05))
    assert "net/fold0" in advice.evidence


def test_networks_that_all_learn_and_networks_that_all_fail_are_no_difference() -> None:
    assert failed_networks(fine(networks=_networks(0.6, 0.8)), recipe()) == []
    assert failed_networks(fine(networks=_networks(0.05, 0.05)), recipe()) == []


def test_no_gain_is_claimed_where_other_members_answer_the_same_rows() -> None:
    networks = (*_networks(0.05, 0.8), NetworkAccuracy("other/fold0", Estimate(0.8, 0.7, 0.9, 100)))
    (advice,) = failed_networks(fine(networks=networks), recipe())
    assert advice.gain is None
