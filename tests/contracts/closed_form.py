"""The contract of heads in closed form."""

from __future__ import annotations

from collections.abc import Callable, Hashable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from sketchfit.bank.closed_form import AllRows, ClosedForm
from sketchfit.config.kernel import KernelSection
from sketchfit.models.feature_network import FeatureNetwork
from sketchfit.models.pooling import Pooling

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

ROWS, CLASSES = 60, 4
CLOSE = 1e-2
"""Of scores: solvers end at a tolerance, and sums are rounded in another order."""


def separable(rows: int = ROWS, columns: int = 8, seed: int = 0) -> tuple[Floats, Rows]:
    """Features with mean 0, rounded to float16, and labels that depend on them; about the scale of a member's."""
    rng = np.random.default_rng(seed)
    label = rng.permutation(np.arange(rows, dtype=np.int64) % CLASSES)
    features = rng.normal(size=(CLASSES, columns))[label] + rng.normal(size=(rows, columns))
    scaled = (features - features.mean(axis=0)) / features.std(axis=0) * np.sqrt(4 / columns)
    return scaled.astype(np.float16).astype(np.float32), label


def fitted(form: ClosedForm, features: Floats, label: Rows, settings: Hashable | None = None) -> AllRows:
    """Fit with the usual settings, unless others are given."""
    settings = settings or form.candidates(KernelSection())[0]
    return form.fit(lambda rows: features[rows], label, CLASSES, settings)


def check_closed_form(form: ClosedForm) -> None:
    """Check a kind of head.

    A reference that is fitted without the rows of a fold is not part of it: units may come from all rows.
    """
    for check in (_settings, _fold, _held_out_labels, _groups, _order, _rare_class, _network, _impossible):
        check(form)


def _settings(form: ClosedForm) -> None:
    usual = form.candidates(KernelSection())
    every = form.candidates(KernelSection(strength="auto"))
    assert len(usual) == 1
    assert usual[0] == every[0]
    assert str(usual[0])
    assert len(set(every)) == len(every)


def _fold(form: ClosedForm) -> None:
    """Heads agree with the scores of removed rows, on features with fewer, as many and more columns than rows."""
    for columns in (8, ROWS, 90):
        features, label = separable(columns=columns)
        fit, other = fitted(form, features, label), separable(9, columns, seed=5)[0]
        folds = [fit.fold(np.arange(start, ROWS, 3)) for start in range(3)]
        for fold in (*folds, fit.fold(np.zeros(0, dtype=np.int64))):
            assert np.array_equal(fold.kept, np.setdiff1d(np.arange(ROWS), fold.removed))
            assert fold.held_out() == pytest.approx(fold.head.scores(features[fold.removed]), abs=CLOSE)
            assert fold.held_out().shape == (len(fold.removed), CLASSES)
            assert fold.held_out().dtype == np.float32
        right = [fold.held_out().argmax(axis=1) == label[fold.removed] for fold in folds]
        assert np.concatenate(right).mean() > 0.6
        found = fit.scores_by([fold.head for fold in folds], [fold.kept for fold in folds], other)
        for fold, scores in zip(folds, found, strict=True):
            assert scores == pytest.approx(fold.head.scores(other), abs=CLOSE)


def _held_out_labels(form: ClosedForm) -> None:
    """Labels of removed rows have no influence: not on scores, nor on those of kept rows that are left out."""
    features, label = separable()
    removed, changed = np.arange(20), label.copy()
    changed[:20] = (label[:20] + 1) % CLASSES
    one, other = (fitted(form, features, each).fold(removed) for each in (label, changed))
    assert one.held_out() == pytest.approx(other.held_out(), abs=1e-4)
    assert one.left_out()[1] == pytest.approx(other.left_out()[1], abs=1e-4)


def _groups(form: ClosedForm) -> None:
    """A left-out row's score does not depend on labels of its group; of other groups it does."""
    features, label = separable()
    group, removed = np.random.default_rng(2).integers(0, 20, ROWS), np.arange(15)
    rows, scores = fitted(form, features, label).fold(removed).left_out(group)
    assert len(np.unique(rows)) == len(rows) == ROWS - 15
    assert np.array_equal(np.unique(rows), np.arange(15, ROWS))
    assert np.isfinite(scores).all()
    moved = 0.0
    for number in np.unique(group[15:])[:5]:
        changed = np.where(group == number, (label + 1) % CLASSES, label)
        again, found = fitted(form, features, changed).fold(removed).left_out(group)
        assert np.array_equal(again, rows)
        own = group[rows] == number
        assert found[own] == pytest.approx(scores[own], abs=CLOSE)
        moved = max(moved, float(np.abs(found[~own] - scores[~own]).max()))
    assert moved > 10 * CLOSE
    alone = fitted(form, features, label).fold(removed).left_out(np.zeros(ROWS, dtype=np.int64))[1]
    assert np.isfinite(alone).all()


def _order(form: ClosedForm) -> None:
    """Repetition gives the same bits; the order of rows and of classes has no influence."""
    features, label = separable()
    removed = np.arange(20)
    found, again = (fitted(form, features, label).fold(removed) for _ in range(2))
    assert np.array_equal(found.held_out(), again.held_out())
    assert np.array_equal(found.left_out()[1], again.left_out()[1])
    rng = np.random.default_rng(3)
    order = np.concatenate([removed, 20 + rng.permutation(ROWS - 20)])
    moved = fitted(form, features[order], label[order]).fold(removed)
    assert moved.held_out() == pytest.approx(found.held_out(), abs=CLOSE)
    names = rng.permutation(CLASSES)
    renamed = fitted(form, features, names[label]).fold(removed)
    assert renamed.held_out()[:, names] == pytest.approx(found.held_out(), abs=CLOSE)


def _rare_class(form: ClosedForm) -> None:
    """A class of one row is possible, and without that row it is not predicted."""
    features, label = separable()
    label[label == 3] = 2
    label[0] = 3
    fit = fitted(form, features, label)
    without, with_it = fit.fold(np.arange(10)), fit.fold(np.arange(10, 20))
    for fold in (without, with_it):
        assert np.isfinite(fold.held_out()).all()
        assert np.isfinite(fold.left_out()[1]).all()
    assert (without.held_out().argmax(axis=1) != 3).all()
    one_class = fitted(form, features, np.ones(ROWS, dtype=np.int64)).fold(np.arange(10))
    assert (one_class.held_out().argmax(axis=1) == 1).all()
    one_row = fit.fold(np.arange(1, ROWS))
    assert np.isfinite(one_row.held_out()).all()
    assert np.isfinite(one_row.left_out()[1]).all()


def _network(form: ClosedForm) -> None:
    """The module has the scores of the head, also after it was saved and read."""
    features, label = separable()
    head, other = fitted(form, features, label).fold(np.arange(10)).head, separable(9, seed=5)[0]
    network = form.network(head, nn.Identity(), Pooling(nn.Identity(), None))
    assert network.num_classes == CLASSES
    assert float(network.temperature) == 1
    state = network.state_dict()
    read = type(network).of_head(nn.Identity(), Pooling(nn.Identity(), None), features.shape[1], state)
    read.load_state_dict(state)
    for one in (network, read):
        with torch.inference_mode():
            found = one.scores(torch.from_numpy(other)).numpy()
        assert found == pytest.approx(head.scores(other), abs=1e-4)
    assert type(network) is form.module
    assert FeatureNetwork.is_state(state)


def _impossible(form: ClosedForm) -> None:
    fit = fitted(form, *separable())
    refused: tuple[Callable[[], object], ...] = (
        lambda: fit.fold(np.arange(ROWS)),
        lambda: fit.fold(np.array([1, 1])),
    )
    for attempt in refused:
        with pytest.raises(ValueError, match=r"left|repeated"):
            attempt()
