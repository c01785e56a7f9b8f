"""Kernel heads: against explicit refits by scikit-learn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.kernel_ridge import KernelRidge as Reference

from sketchfit.bank import kernel as kernel_module
from sketchfit.bank.kernel import Kernel, KernelRidge, KernelSettings

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
SETTINGS = KernelSettings(width=0.5, strength=0.1)


def sample(rows: int = 60, seed: int = 0) -> tuple[Floats, Rows]:
    rng = np.random.default_rng(seed)
    label = np.arange(rows, dtype=np.int64) % 4
    features = rng.normal(size=(4, 8))[label] + rng.normal(size=(rows, 8))
    return features.astype(np.float32), label


def refit(features: Floats, label: Rows, rows: Rows, strength: float = 0.1) -> Callable[[Floats], Floats]:
    """Fit by scikit-learn on these rows, with the kernel of all rows."""
    kernel = Kernel.of(features, 0.5)

    def of(one: Floats, other: Floats) -> Floats:
        distance = np.square(one[:, None].astype(np.float64) - other[None]).sum(axis=2)
        return np.asarray(np.exp(-kernel.gamma * distance) + 1)

    targets = np.where(label[rows, None] == np.arange(4), 1.0, -1.0)
    fitted = Reference(alpha=strength, kernel="precomputed").fit(of(features[rows], features[rows]), targets)
    return lambda other: np.asarray(fitted.predict(of(other, features[rows])))


def test_the_kernel_is_one_half_power_at_the_median_distance() -> None:
    features = np.array([[0.0], [1.0], [3.0]], dtype=np.float32)  # squared distances 1, 4 and 9
    kernel = Kernel.of(features, 0.5)
    assert kernel.gamma == pytest.approx(0.125)
    expected = 1 + np.exp(-0.125 * np.array([[0, 1, 9], [1, 0, 4], [9, 4, 0]]))
    assert kernel.between(features, features) == pytest.approx(expected, abs=1e-6)


def test_a_head_on_all_rows_is_that_of_scikit_learn() -> None:
    features, label = sample()
    other = sample(9, seed=5)[0]
    head = KernelRidge.of(features, label, 4, SETTINGS).head
    assert head.scores(other) == pytest.approx(refit(features, label, np.arange(60))(other), abs=1e-4)
    assert (head.scores(features).argmax(axis=1) == label).mean() > 0.8


@settings(max_examples=30)
@given(st.integers(1, 58), st.integers(0, 1000))
def test_without_rows_the_head_is_that_of_an_explicit_refit(size: int, seed: int) -> None:
    features, label = sample()
    rows = np.random.default_rng(seed).permutation(60)[:size]
    rest = np.setdiff1d(np.arange(60), rows)
    ridge = KernelRidge.of(features, label, 4, SETTINGS)
    expected = refit(features, label, rest)(features[rows])
    assert ridge.held_out(rows) == pytest.approx(expected, abs=1e-3)
    assert ridge.without(rows).scores(features[rows]) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("grouped", [False, True])
def test_left_out_groups_have_the_scores_of_refits(grouped: bool) -> None:
    features, label = sample()
    group = np.random.default_rng(0).integers(0, 25, 60) if grouped else np.arange(60)
    found = KernelRidge.of(features, label, 4, SETTINGS).left_out(group if grouped else None)
    for number in np.unique(group):
        rows = np.flatnonzero(group == number)
        expected = refit(features, label, np.setdiff1d(np.arange(60), rows))(features[rows])
        assert found[rows] == pytest.approx(expected, abs=1e-3)


def test_blocks_of_rows_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    features, label = sample()
    entire = KernelRidge.of(features, label, 4, SETTINGS)
    monkeypatch.setattr(kernel_module, "CHUNK", 7)
    parts = KernelRidge.of(features, label, 4, SETTINGS)
    assert parts.inverse == pytest.approx(entire.inverse, abs=1e-5)
    assert parts.inverse == pytest.approx(parts.inverse.T)
    assert parts.head.scores(features) == pytest.approx(entire.head.scores(features), abs=1e-4)


@pytest.mark.parametrize("bad", [KernelSettings(width=0.0), KernelSettings(strength=0.0)])
def test_a_penalty_or_width_of_zero_is_refused(bad: KernelSettings) -> None:
    with pytest.raises(ValueError, match="above 0"):
        KernelRidge.of(*sample(), 4, bad)


def test_rows_must_be_distinct_and_leave_some() -> None:
    ridge = KernelRidge.of(*sample(), 4, SETTINGS)
    with pytest.raises(ValueError, match="repeated"):
        ridge.held_out(np.array([1, 1]))
    with pytest.raises(ValueError, match="left"):
        ridge.without(np.arange(60))


def test_too_many_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_module, "MOST_ROWS", 59)
    with pytest.raises(ValueError, match="60 rows"):
        KernelRidge.of(*sample(), 4, SETTINGS)
