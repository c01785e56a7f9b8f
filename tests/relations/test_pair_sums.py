"""Sums over pairs are those of all pairs one by one."""

from __future__ import annotations

import numpy as np
import pytest

from sketchfit.relations.pair_sums import PairSums, RowSums

ROWS = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)


def slow(groups: list[np.ndarray]) -> tuple[list[float], list[int]]:
    """The sum of the cosines of all ordered pairs of each group, and their number."""
    cosines = [float(sum(ROWS[i] @ ROWS[j] for i in rows for j in rows)) for rows in groups]
    return cosines, [len(rows) ** 2 for rows in groups]


def check(found: PairSums, groups: list[np.ndarray]) -> None:
    cosines, numbers = slow(groups)
    assert found.cosine == pytest.approx(cosines, rel=1e-4)
    assert found.number.tolist() == numbers
    assert found.mean == pytest.approx(np.array(cosines) / numbers, rel=1e-4)


@pytest.mark.parametrize("starts", [[0], [0, 5], [0, 1, 2, 11], list(range(12))])
def test_pairs_of_runs_of_rows(starts: list[int]) -> None:
    rows, runs = RowSums(ROWS, np.ones(12)), np.split(np.arange(12), starts[1:])
    found = rows.joined(np.array(starts))
    check(found.pairs(), runs)
    check(found.of_all().pairs(), [np.arange(12)])
    within = found.pairs()
    assert within.of_all().cosine == pytest.approx([sum(slow(runs)[0])], rel=1e-4)
    assert within.joined(np.array([0])).number.tolist() == within.of_all().number.tolist()


def test_pairs_without_a_part_of_them() -> None:
    every, part = (
        PairSums(np.array([5.0, 3.0]), np.array([9.0, 4.0])),
        PairSums(np.array([1.0, 3.0]), np.array([3.0, 4.0])),
    )
    left = every - part
    assert (left.cosine.tolist(), left.number.tolist()) == ([4, 0], [6, 0])
    assert left[left.number > 0].mean.tolist() == [4 / 6]
