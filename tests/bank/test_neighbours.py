"""Heads of nearest neighbours: votes worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sketchfit.bank import neighbours as module
from sketchfit.bank.neighbours import NeighbourFold, NeighbourHead, NeighbourRows, NeighbourSettings
from tests.contracts.closed_form import CLASSES, separable

SUPPORT = np.array([[0.0], [1.0], [3.0], [10.0]], dtype=np.float32)
TWO = NeighbourSettings(2, 0.1)


def share(features: list[float], settings: NeighbourSettings = TWO, support: np.ndarray = SUPPORT) -> np.ndarray:
    label = np.array([0, 1, 1, 2])[: len(support)]
    head = NeighbourHead(support, label, 3, settings)
    return np.exp(head.scores(np.array(features, dtype=np.float32)[:, None])) - settings.smoothing


def test_neighbours_vote_by_their_distance_in_units_of_the_next_one() -> None:
    # at 0: squared distances 0, 1, and 9 of the next one; at 2: 1 and 1 of class 1, and 4 of the next one
    assert share([0.0, 2.0]) == pytest.approx(np.array([[9 / 17, 8 / 17, 0], [0, 1, 0]]), abs=1e-5)


def test_with_few_rows_all_others_vote() -> None:
    assert share([0.0], NeighbourSettings(9, 0.1)) == pytest.approx(np.array([[100, 99 + 91, 0]]) / 290, abs=1e-5)
    assert share([5.0], TWO, SUPPORT[:1]) == pytest.approx(np.array([[1, 0, 0]]), abs=1e-5)


def test_equal_rows_vote_equally() -> None:
    assert share([1.0, 7.0], TWO, np.ones((3, 1), np.float32)) == pytest.approx(np.array([[1, 2, 0]] * 2) / 3, abs=1e-5)


def test_rows_of_a_group_do_not_vote() -> None:
    rows = NeighbourRows(SUPPORT, np.array([0, 1, 1, 2]), 3, TWO)
    kept, scores = NeighbourFold(rows, np.array([3])).left_out(np.array([5, 5, 8, 8]))
    assert kept.tolist() == [0, 1, 2]
    found = np.exp(scores) - 0.1
    # the first two are left with row 2; row 2, at 3, has squared distances 9 of the last one, and 4
    assert found == pytest.approx(np.array([[0, 1, 0], [0, 1, 0], [0, 1, 0]]), abs=1e-4)


def test_many_rows_are_compared_with_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    features, label = separable()
    every = NeighbourRows(features, label, CLASSES, NeighbourSettings())
    assert every.note == ""
    monkeypatch.setattr(module, "MOST_ROWS", 30)
    monkeypatch.setattr(module, "FEW", 20)
    some = NeighbourRows(features, label, CLASSES, NeighbourSettings())
    assert some.note == "60 images are compared with 30 of them"
    fold = some.fold(np.arange(0, 60, 3))
    assert set(fold.head.label.tolist()) <= set(range(CLASSES))
    assert len(fold.head.features) == len(np.setdiff1d(some.support, fold.removed))
    assert fold.held_out() == pytest.approx(fold.head.scores(features[fold.removed]), abs=1e-4)
    rows, scores = fold.left_out(np.arange(60) // 2)
    assert len(rows) == len(scores) == 20
    assert (fold.held_out().argmax(axis=1) == label[fold.removed]).mean() > 0.4


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    features, label = separable()
    fold = NeighbourRows(features, label, CLASSES, NeighbourSettings()).fold(np.arange(20))
    expected, left_out = fold.head.scores(features), fold.left_out()[1]
    monkeypatch.setattr(module, "CHUNK", 7)
    assert fold.head.scores(features) == pytest.approx(expected, abs=1e-4)
    assert fold.left_out()[1] == pytest.approx(left_out, abs=1e-4)
