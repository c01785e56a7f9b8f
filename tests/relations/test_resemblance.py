"""Tests of `relations.resemblance`."""

from __future__ import annotations

import numpy as np
import pytest

from sketchfit.relations.resemblance import Certainty, FoldPlan, resemblances

CLASSES, GROUPS, ROWS, WIDTH = 12, 5, 6, 40
Rows = np.ndarray


def drawings(seed: int, new_groups: bool) -> tuple[Rows, Rows, Rows, Rows]:
    """Return training features, their labels and groups, and test features of new groups or of the same."""
    rng = np.random.default_rng(seed)
    centre = rng.normal(size=(CLASSES, WIDTH))
    family = centre[:, None] + rng.normal(size=(CLASSES, 2 * GROUPS, WIDTH))
    rows = family[:, :, None] + 0.4 * rng.normal(size=(CLASSES, 2 * GROUPS, 2 * ROWS, WIDTH))
    train = rows[:, :GROUPS, :ROWS].reshape(-1, WIDTH)
    test = rows[:, GROUPS:, :ROWS] if new_groups else rows[:, :GROUPS, ROWS:]
    label = np.repeat(np.arange(CLASSES), GROUPS * ROWS)
    group = np.repeat(np.arange(CLASSES * GROUPS), ROWS)
    return train, label, group, test.reshape(-1, WIDTH)


def nearest_class(train: Rows, label: Rows, test: Rows):  # type: ignore[no-untyped-def]
    """Return margins of a classifier by the nearest rows of each class."""

    def margin(queries: Rows, used: Rows) -> Certainty:
        distance = ((queries[:, None] - train[None, used]) ** 2).sum(axis=2)
        nearest = np.stack([-distance[:, label[used] == c].min(axis=1) for c in np.unique(label)], axis=1)
        highest = np.sort(nearest, axis=1)
        return Certainty(highest[:, -1] - highest[:, -2], nearest.argmax(axis=1))

    def judge(held: Rows, of_test: Rows) -> tuple[Certainty, Certainty]:
        used = np.setdiff1d(np.arange(len(label)), held)
        return margin(train[held], used), margin(test[of_test], used)

    return judge


def known(valid: Rows, tested: Rows, valid_class: Rows | None = None, test_class: Rows | None = None):  # type: ignore[no-untyped-def]
    """Return a judge with these margins, and these chosen classes (one class by default)."""
    first = np.zeros(len(valid), np.int64) if valid_class is None else valid_class
    second = np.zeros(len(tested), np.int64) if test_class is None else test_class
    return lambda held, of_test: (
        Certainty(valid[held], first[held]),
        Certainty(tested[of_test], second[of_test]),
    )


@pytest.mark.parametrize("new_groups", [True, False])
def test_the_grouping_of_the_test_set_resembles_it_and_the_other_does_not(new_groups: bool) -> None:
    train, label, group, test = drawings(0, new_groups)
    groupings = {"alone": np.arange(len(label)), "family": group}
    found = resemblances(nearest_class(train, label, test), label, len(test), groupings, FoldPlan())
    right, wrong = ("family", "alone") if new_groups else ("alone", "family")
    assert found[right].mismatch < 3 * found[right].error
    assert found[wrong].mismatch > 4 * found[wrong].error
    assert found["alone"].higher > found["family"].higher


def test_random_splits_of_independent_rows_resemble_each_other() -> None:
    inside = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        label, valid, tested = rng.integers(0, 5, 200), rng.normal(size=200), rng.normal(size=100)
        plan = FoldPlan(seed=seed)
        found = resemblances(known(valid, tested), label, 100, {"alone": np.arange(200)}, plan)["alone"]
        inside += found.mismatch < 1.96 * found.error
    assert inside >= 52


def test_the_probability_by_hand() -> None:
    valid, tested = np.array([1.0, 3.0]), np.array([2.0, 2.0])
    label, plan = np.zeros(2, np.int64), FoldPlan(k=2)
    found = resemblances(known(valid, tested), label, 2, {"g": np.arange(2)}, plan)["g"]
    assert found.higher == 0.5  # one of two validation rows is above both test rows


def test_related_rows_widen_the_error() -> None:
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(20), 10)
    valid, tested = np.repeat(rng.normal(size=20), 10), rng.normal(size=100)
    label = np.zeros(200, np.int64)
    groupings = {"alone": np.arange(200), "together": group}
    found = resemblances(known(valid, tested), label, 100, groupings, FoldPlan())
    assert found["together"].higher == pytest.approx(found["alone"].higher)
    assert found["together"].error > 2.5 * found["alone"].error


def test_other_class_frequencies_do_not_look_like_relations() -> None:
    # Class 1 is hard on both sides, and three times as frequent on the test rows.
    rng = np.random.default_rng(0)
    valid_class, test_class = np.repeat([0, 1], [300, 100]), np.repeat([0, 1], [100, 300])
    valid, tested = (rng.normal(size=400) - 2.0 * chosen for chosen in (valid_class, test_class))
    label, groupings = np.zeros(400, np.int64), {"alone": np.arange(400)}
    plain = resemblances(known(valid, tested), label, 400, groupings, FoldPlan())["alone"]
    weighted = resemblances(known(valid, tested, valid_class, test_class), label, 400, groupings, FoldPlan())["alone"]
    assert plain.higher > 0.6
    assert weighted.mismatch < 3 * weighted.error
