from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sketchfit.inference.intervals import Estimate, wilson
from sketchfit.reporting.run.advice.findings import LackingClasses, LearntRows, NetworkAccuracy, TrainingCurve
from sketchfit.reporting.run.advice.give import give_advice
from sketchfit.reporting.run.advice.on_learning import does_not_learn, failed_networks, near_chance
from sketchfit.reporting.run.advice.on_training import overfits
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


@pytest.mark.parametrize(("pretrained", "tool"), [(True, "scout"), (False, "run")])
def test_without_epochs_there_is_no_learning_rate_to_find(pretrained: bool, tool: str) -> None:
    found = fine(accuracy=Estimate(0.52, 0.45, 0.59, 200), guessing=0.5, curves=())
    own = recipe("training.epochs=0", "training.kernel.use=replace", f"model.pretrained={str(pretrained).lower()}")
    (advice,) = does_not_learn(found, own)
    assert (advice.tool, advice.urgent) == (tool, True)
    assert "learn" not in advice.title
    assert "optimizer.lr" not in advice.action


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


def test_a_small_fold_that_is_low_by_chance_has_learnt() -> None:
    alarms = 0
    for seed in range(200):  # five folds of 20 drawings of ten classes; all networks are right in 30 %
        right = np.random.default_rng(seed).binomial(20, 0.3, 5)
        networks = tuple(NetworkAccuracy(f"net/fold{k}", wilson(int(one), 20)) for k, one in enumerate(right))
        total = wilson(int(right.sum()), 100)
        alarms += bool(failed_networks(fine(networks=networks, guessing=0.1, accuracy=total), recipe()))
    assert alarms <= 10


def test_copies_do_not_show_that_a_network_failed() -> None:
    failed, *others = _networks(0.05, 0.8, 0.7, 0.9)
    assert failed_networks(fine(networks=(replace(failed, units=2.0), *others)), recipe()) == []
    assert failed_networks(fine(networks=(replace(failed, units=20.0), *others)), recipe())


@pytest.mark.parametrize(("train", "failed"), [(None, True), (0.06, True), (0.24, True), (0.95, False)])
def test_a_network_that_failed_does_not_know_its_training_drawings(train: float | None, failed: bool) -> None:
    first, *others = _networks(0.05, 0.8, 0.7, 0.9)
    found = fine(networks=(replace(first, train=train), *(replace(one, train=0.9) for one in others)))
    assert bool(failed_networks(found, recipe())) is failed


def test_one_class_per_fold_is_not_read_as_a_failure_of_the_networks() -> None:
    found = fine(
        accuracy=Estimate(0.0, 0.0, 0.004, 1000),
        lacking=LackingClasses(("a", "b"), 1000, 0),
        curves=(TrainingCurve(8, 0.95),),
        smallest_class=5,
        largest_class=60,
    )
    for rule in (does_not_learn, failed_networks, overfits):
        assert rule(found, recipe()) == []
    (advice,) = give_advice(found, recipe("folds.column=fold"))
    assert (advice.name, advice.urgent, advice.gain) == ("folds", True, None)
    assert "folds.column" in advice.action


def test_classes_that_networks_lacked_do_not_count() -> None:
    low = Estimate(0.06, 0.04, 0.08, 1000)
    found = fine(
        accuracy=low,
        lacking=LackingClasses(("a",), 920, 0),
        learnt=LearntRows(Estimate(0.8, 0.7, 0.9, 80), 0.1),
        curves=(TrainingCurve(8, 0.85),),
    )
    assert does_not_learn(found, recipe()) == []
    assert overfits(found, recipe()) == []
    still_low = replace(found, learnt=LearntRows(Estimate(0.1, 0.05, 0.2, 80), 0.1))
    (advice,) = does_not_learn(still_low, recipe())
    assert "10.0" in advice.evidence
    assert overfits(still_low, recipe())
