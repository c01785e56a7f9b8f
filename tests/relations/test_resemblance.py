"""Tests of `relations.resemblance`."""

from __future__ import annotations

import numpy as np
import pytest

from sketchfit.relations.resemblance import FoldPlan, nearest_elsewhere, resemblances

CLASSES, GROUPS, ROWS, WIDTH = 12, 5, 6, 40


def drawings(seed: int, new_groups: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return training features, their labels and groups, and test features of new groups or of the same."""
    rng = np.random.default_rng(seed)
    centre = rng.normal(size=(CLASSES, WIDTH))
    family = centre[:, None] + rng.normal(size=(CLASSES, 2 * GROUPS, WIDTH))
    rows = family[:, :, None] + 0.4 * rng.normal(size=(CLASSES, 2 * GROUPS, 2 * ROWS, WIDTH))
    train = rows[:, :GROUPS, :ROWS].reshape(-1, WIDTH)
    test = rows[:, GROUPS:, :ROWS] if new_groups else rows[:, :GROUPS, ROWS:]
    label = np.repeat(np.arange(CLASSES), GROUPS * ROWS)
    group = np.repeat(np.arange(CLASSES * GROUPS), ROWS)
    return train.astype(np.float32), label, group, test.reshape(-1, WIDTH).astype(np.float32)


@pytest.mark.parametrize("new_groups", [True, False])
def test_the_grouping_of_the_test_set_resembles_it_and_the_other_does_not(new_groups: bool) -> None:
    train, label, group, test = drawings(0, new_groups)
    found = resemblances(train, test, label, {"alone": np.arange(len(label)), "family": group}, FoldPlan())
    right, wrong = ("family", "alone") if new_groups else ("alone", "family")
    assert found[right].mismatch < 3 * found[right].error
    assert found[wrong].mismatch > 4 * found[wrong].error
    assert found["alone"].higher > found["family"].higher
    assert found["family"].groups == CLASSES * GROUPS


def test_random_splits_of_independent_rows_resemble_each_other() -> None:
    inside = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        label = rng.integers(0, 5, 300)
        rows = (rng.normal(size=(5, 8))[label] + rng.normal(size=(300, 8))).astype(np.float32)
        plan = FoldPlan(seed=seed)
        found = resemblances(rows[:200], rows[200:], label[:200], {"alone": np.arange(200)}, plan)["alone"]
        inside += found.mismatch < 1.96 * found.error
    assert inside >= 34


def test_the_nearest_row_of_other_parts_is_found() -> None:
    rows = np.eye(3, dtype=np.float32)
    part = np.array([0, 1, 1])
    queries = np.array([[0.8, 0.6, 0.0], [0.0, 0.6, 0.8]], dtype=np.float32)
    assert nearest_elsewhere(queries, np.array([0, 1]), rows, part).tolist() == pytest.approx([0.6, 0.0])


def test_the_scale_of_a_row_does_not_count() -> None:
    train, label, group, test = drawings(1, True)
    scale = np.random.default_rng(0).uniform(0.5, 2, len(train)).astype(np.float32)[:, None]
    plain, scaled = (resemblances(rows, test, label, {"g": group}, FoldPlan())["g"] for rows in (train, train * scale))
    assert plain.higher == pytest.approx(scaled.higher, abs=1e-3)
