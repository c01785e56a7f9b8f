from __future__ import annotations

import numpy as np
import pytest

from sketchfit.relations.permutation import Units, compare_across, compare_within


def reference(unit: np.ndarray, label: np.ndarray, group: np.ndarray, across: bool) -> float:
    """The effect, from all pairs one by one."""
    same: list[float] = []
    other: dict[int, list[float]] = {}
    own: dict[int, int] = {}
    for i in range(len(unit)):
        for j in range(len(unit)):
            if i != j and (label[i] != label[j]) == across:
                place = -1 if across else int(label[i])
                if group[i] == group[j]:
                    same.append(float(unit[i] @ unit[j]))
                    own[place] = own.get(place, 0) + 1
                else:
                    other.setdefault(place, []).append(float(unit[i] @ unit[j]))
    mean_other = sum(own[place] * np.mean(other[place]) for place in own) / len(same)
    return float((np.mean(same) - mean_other) / (1 - mean_other))


@pytest.mark.parametrize("seed", range(5))
def test_effect_is_that_of_all_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    unit = rng.normal(size=(30, 4)).astype(np.float32)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    label, group = np.repeat(np.arange(3), 10), rng.integers(0, 4, 30)
    within = compare_within(Units.of(unit, label, group))
    assert within.effect == pytest.approx(reference(unit, label, group, across=False), abs=1e-5)
    across = compare_across(Units.of(unit, label, group, together=group))
    assert across.effect == pytest.approx(reference(unit, label, group, across=True), abs=1e-5)


def test_effect_of_identical_rows_is_one() -> None:
    unit = np.repeat(np.eye(4, dtype=np.float32), 3, axis=0)
    found = compare_within(Units.of(unit, np.zeros(12, np.int64), np.repeat(np.arange(4), 3)))
    assert found.effect == pytest.approx(1)
    assert found.pairs == 4 * 3
    assert found.p < 0.01


def test_nothing_to_compare() -> None:
    unit = np.eye(4, dtype=np.float32)
    label = np.zeros(4, np.int64)
    assert compare_within(Units.of(unit, label, np.arange(4))).p == 1
    assert compare_within(Units.of(unit, label, label)).p == 1
    assert compare_across(Units.of(unit, label, label, together=label)).pairs == 0


def test_p_is_not_below_what_the_number_of_permutations_allows() -> None:
    """Two groups of two rows: three ways to pair them, by 4! / (2! 2!) permutations."""
    unit = np.repeat(np.eye(2, dtype=np.float32), 2, axis=0)
    assert compare_within(Units.of(unit, np.zeros(4, np.int64), np.array([0, 0, 1, 1]))).p >= 0.1666


def test_rows_of_a_unit_are_not_compared_and_stay_together() -> None:
    """Rows of a unit are equal, and the units of a group have nothing in common: no relation beyond the units."""
    rng = np.random.default_rng(0)
    unit = np.repeat(rng.normal(size=(40, 8)), 3, axis=0).astype(np.float32)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    label, group, together = np.zeros(120, np.int64), np.repeat(np.arange(10), 12), np.repeat(np.arange(40), 3)
    assert compare_within(Units.of(unit, label, group)).p < 1e-4
    found = compare_within(Units.of(unit, label, group, together))
    assert found.p > 0.01
    assert found.pairs == 10 * (12 * 11 - 4 * 3 * 2) // 2
