from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from sketchfit.reporting.run.weak_classes import LowestClass, lowest_classes, often_confused, weak_classes


def _run(right: list[int], rows: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """So many right answers of `rows` per class."""
    return np.concatenate([np.arange(rows) < one for one in right]), np.repeat(np.arange(len(right)), rows)


def test_a_class_far_below_the_rest_is_weak() -> None:
    correct, label = _run([4, 15, 16, 14, 9])
    assert weak_classes(correct, label, 5, None) == [0]
    # 9 of 20 at 61 %: p = 0.10; 4 of 20 at 68 %: p = 0.00001.
    assert binomtest(4, 20, 54 / 80, "less").pvalue < 0.05 / 5 < binomtest(9, 20, 49 / 80, "less").pvalue


def test_the_worst_is_first() -> None:
    correct, label = _run([6, 20, 3, 20, 20, 20])
    assert weak_classes(correct, label, 6, None) == [2, 0]


def test_the_lowest_classes_have_their_counts() -> None:
    correct, label = _run([12, 15, 11, 20])  # 58 of 80 are right
    assert lowest_classes(correct, label, 5) == [LowestClass(2, 11, 20), LowestClass(0, 12, 20)]
    assert lowest_classes(np.ones(80, bool), label, 5) == []


def test_of_equally_low_classes_the_largest_comes_first() -> None:
    label = np.repeat(np.arange(5), [1, 1, 9, 4, 20])
    correct = np.isin(label, [4]) | (np.arange(len(label)) == 11)
    found = lowest_classes(correct, label, 5)
    assert found == [LowestClass(2, 0, 9), LowestClass(0, 0, 1), LowestClass(1, 0, 1), LowestClass(3, 1, 4)]


def test_copies_count_once() -> None:
    correct, label = _run([4, 15, 16, 14, 15])
    group = np.arange(100)
    group[:20] //= 10  # the weak class is two drawings and their copies
    assert weak_classes(correct, label, 5, group) == []


def test_a_pair_is_often_confused_only_beyond_chance() -> None:
    # 40 classes have 780 pairs: of 245 errors each has 0.3. Three classes have three pairs: of 60 errors each has 20.
    assert often_confused(7, 245, 40)
    assert not often_confused(3, 245, 40)
    assert often_confused(35, 60, 3)
    assert not often_confused(26, 60, 3)
    assert not often_confused(50, 50, 2)  # the only pair


def test_nothing_to_compare() -> None:
    assert weak_classes(np.array([True, False]), np.array([1, 1]), 3, None) == []
    assert weak_classes(np.zeros(4, bool), np.array([0, 0, 1, 1]), 2, None) == []


@given(st.integers(0, 10_000))
def test_equal_classes_are_rarely_weak(seed: int) -> None:
    correct = np.random.default_rng(seed).random(400) < 0.7
    label = np.repeat(np.arange(20), 20)
    weak = weak_classes(correct, label, 20, None)
    rest = correct.mean()
    assert all(correct[label == one].mean() < rest for one in weak)
    assert len(weak) <= 2


def test_a_pair_of_large_classes_has_many_errors_by_chance() -> None:
    assert often_confused(60, 100, 100)
    assert not often_confused(60, 100, 100, chance=0.55)
    assert often_confused(60, 100, 100, chance=1e-6)
    assert often_confused(7, 245, 40, chance=1 / 780)
