from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sketchfit.reporting.run.error_counts import ErrorCounts

LABELS = hnp.arrays(np.int64, st.shared(st.integers(1, 60), key="n"), elements=st.integers(0, 4))


@given(LABELS, LABELS, LABELS)
def test_as_counted_one_by_one(label: np.ndarray, answer: np.ndarray, group: np.ndarray) -> None:
    found = ErrorCounts.of(label, answer, 5, group)
    rows = zip(label.tolist(), answer.tolist(), group.tolist(), strict=True)
    errors = {(frozenset((own, other)), family) for own, other, family in rows if own != other}
    assert found.wrong == len(errors)
    for first in range(5):
        for second in range(first):
            assert found.between(first, second) == sum(pair == {first, second} for pair, _ in errors)
    sizes = {(a, g) for a, g in zip(label.tolist(), group.tolist(), strict=True)}
    assert found.size.tolist() == [sum(a == k for a, _ in sizes) for k in range(5)]


@given(LABELS, LABELS)
def test_independent_rows_each_count(label: np.ndarray, answer: np.ndarray) -> None:
    found = ErrorCounts.of(label, answer, 5, None)
    assert found.wrong == (label != answer).sum()
    assert found.size.tolist() == np.bincount(label, minlength=5).tolist()


def test_the_chances_of_all_pairs_are_one_together() -> None:
    label = np.repeat(np.arange(4), (50, 20, 3, 1))
    found = ErrorCounts.of(label, label, 4, None)
    assert sum(found.chance(a, b) for a in range(4) for b in range(a)) == pytest.approx(1)
    assert found.chance(0, 1) == pytest.approx(1000 / (1000 + 150 + 50 + 60 + 20 + 3))
    equal = np.repeat(np.arange(5), 7)
    assert ErrorCounts.of(equal, equal, 5, None).chance(1, 3) == pytest.approx(1 / 10)
    alone = np.zeros(3, dtype=np.int64)
    assert ErrorCounts.of(alone, alone, 1, None).chance(0, 0) == 0
