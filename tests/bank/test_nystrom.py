"""Kernel ridge regression by landmarks: with all rows as landmarks it is the exact one, with some it is close."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.bank import gram_fold
from sketchfit.bank import nystrom as module
from sketchfit.bank.kernel import KernelRidge, KernelSettings
from sketchfit.bank.kernel_fold import KernelFold
from sketchfit.bank.nystrom import Nystrom, NystromFold
from tests.bank.test_kernel import SETTINGS, sample


def of(landmarks: int = 60) -> Nystrom:
    features, label = sample()
    return Nystrom.of(lambda rows: features[rows], label, 4, SETTINGS, landmarks)


@pytest.fixture
def exact_landmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "JITTER", 1e-9)


@pytest.mark.usefixtures("exact_landmarks")
@settings(max_examples=15)
@given(st.integers(0, 40), st.booleans(), st.integers(0, 1000))
def test_with_all_rows_as_landmarks_it_is_the_exact_regression(size: int, grouped: bool, seed: int) -> None:
    features, label = sample()
    rng = np.random.default_rng(seed)
    removed, group = rng.permutation(60)[:size], rng.integers(0, 25, 60) if grouped else None
    exact, found = KernelFold(KernelRidge.of(features, label, 4, SETTINGS), removed), NystromFold(of(), removed)
    assert found.held_out() == pytest.approx(exact.held_out(), abs=2e-3)
    assert found.head.scores(features) == pytest.approx(exact.head.scores(features), abs=2e-3)
    rows, scores = found.left_out(group)
    assert np.array_equal(np.sort(rows), exact.kept)
    assert scores[np.argsort(rows)] == pytest.approx(exact.left_out(group)[1], abs=5e-3)


def test_with_a_third_of_the_rows_it_classifies_nearly_as_well() -> None:
    features, label = sample(300)
    removed = np.arange(0, 300, 3)
    ridge = Nystrom.of(lambda rows: features[rows], label, 4, SETTINGS, 100)
    exact = KernelFold(KernelRidge.of(features, label, 4, SETTINGS), removed).held_out()
    found = NystromFold(ridge, removed).held_out()
    right = [(scores.argmax(axis=1) == label[removed]).mean() for scores in (exact, found)]
    assert right[1] > right[0] - 0.05


def test_blocks_of_rows_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    entire = NystromFold(of(20), np.arange(10))
    monkeypatch.setattr(module, "CHUNK", 7)
    assert NystromFold(of(20), np.arange(10)).held_out() == pytest.approx(entire.held_out(), abs=1e-4)


def test_a_head_is_a_combination_of_the_landmarks() -> None:
    head = NystromFold(of(20), np.arange(10)).head
    assert head.features.shape == (20, 8)
    assert head.dual.shape == (20, 4)


def test_left_out_takes_complete_groups_until_there_are_enough_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gram_fold, "FEW", 10)
    rows, scores = NystromFold(of(20), np.arange(5)).left_out(np.arange(60) // 4)
    assert len(rows) == len(scores) == len(np.unique(rows))
    assert 10 <= len(rows) < 14
    kept = np.arange(5, 60) // 4
    assert all((np.unique(rows // 4) == number).any() for number in rows // 4)
    assert all((rows // 4 == number).sum() == (kept == number).sum() for number in np.unique(rows // 4))


def test_many_rows_get_fewer_landmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 4 * 60 * 12)
    assert of().support.shape == (12, 8)


@pytest.mark.parametrize("bad", [KernelSettings(width=0.0), KernelSettings(strength=0.0)])
def test_a_penalty_or_width_of_zero_is_refused(bad: KernelSettings) -> None:
    features, label = sample()
    with pytest.raises(ValueError, match="above 0"):
        Nystrom.of(lambda rows: features[rows], label, 4, bad)


def test_rows_must_be_distinct_and_leave_some() -> None:
    with pytest.raises(ValueError, match="repeated"):
        NystromFold(of(), np.array([1, 1]))
    with pytest.raises(ValueError, match="left"):
        NystromFold(of(), np.arange(60))
