"""The choice of settings by rows that are left out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.bank.closed_forms import closed_forms
from sketchfit.bank.closed_forms.rbf import RbfForm
from sketchfit.bank.head_choice import HeadChoice, some_classes
from sketchfit.bank.kernel import KernelRidge, KernelSettings
from sketchfit.config.kernel import HEADS, KernelSection
from tests.bank.test_kernel import Floats, Rows, sample

FORM = RbfForm()
GOOD, BLIND = KernelSettings(0.5, 0.1), KernelSettings(1e-6, 100.0)
"""The second one sees no difference between rows."""


def rings(rows: int = 120) -> tuple[Floats, Rows]:
    """Two classes, of which one surrounds the other: a very wide kernel with a penalty cannot separate them."""
    rng = np.random.default_rng(0)
    label = np.arange(rows, dtype=np.int64) % 2
    angle, radius = rng.uniform(0, 6.28, rows), 1 + 2 * label + rng.normal(scale=0.1, size=rows)
    return (radius * np.stack([np.cos(angle), np.sin(angle)])).T.astype(np.float32), label


@pytest.mark.parametrize("candidates", [(GOOD, BLIND), (BLIND, GOOD)])
def test_the_better_settings_are_chosen(candidates: tuple[KernelSettings, ...]) -> None:
    assert HeadChoice(*rings(), None, FORM, candidates).without(np.arange(0, 120, 5)) == GOOD


def test_of_nearly_equal_settings_the_first_is_chosen() -> None:
    near = KernelSettings(0.5, 0.11)
    assert HeadChoice(*rings(), None, FORM, (near, GOOD)).without(np.arange(5)) == near
    assert HeadChoice(*rings(), None, FORM, (GOOD, near)).without(np.arange(5)) == GOOD


def test_a_single_candidate_needs_no_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KernelRidge, "of", None)
    assert HeadChoice(*rings(), None, FORM, (GOOD,)).without(np.arange(5)) == GOOD


@pytest.mark.parametrize("name", HEADS)
@settings(max_examples=5)
@given(seed=st.integers(0, 1000))
def test_labels_of_removed_rows_change_nothing(name: str, seed: int) -> None:
    (features, label), rng, form = sample(), np.random.default_rng(seed), closed_forms.get(name)
    removed, other = rng.permutation(60)[:20], label.copy()
    other[removed] = rng.integers(0, 4, 20)
    section = KernelSection(
        head=name,
        strength="auto",
        width="auto" if name == "rbf" else None,
        neighbours="auto" if name == "knn" else None,
    )
    candidates = form.candidates(section)
    chosen = {HeadChoice(features, each, None, form, candidates).without(removed) for each in (label, other)}
    assert len(chosen) == 1
    assert chosen <= set(candidates)


def test_rows_are_those_of_few_classes() -> None:
    label = np.random.default_rng(1).permutation(np.repeat(np.arange(100), 30))
    rows = some_classes(label, 900)
    assert len(rows) == 900
    assert np.unique(np.bincount(label[rows])).tolist() == [0, 30]
    assert np.array_equal(rows, some_classes(label, 900))


def test_of_few_large_classes_some_rows_are_taken() -> None:
    label = np.arange(1000) % 4
    rows = some_classes(label, 100)
    assert len(rows) == 100
    assert set(label[rows]) == {0, 1, 2, 3}


def test_all_rows_are_taken_where_they_are_few() -> None:
    choice, rows = HeadChoice.of(lambda rows: sample()[0][rows], sample()[1], np.arange(60) // 2, FORM, (GOOD, BLIND))
    assert rows.tolist() == list(range(60))
    assert choice.candidates == (GOOD, BLIND)
