from __future__ import annotations

import numpy as np
import pytest

from sketchfit.reporting.run.disagreeing_copies import disagreeing_copies


def test_copies_with_another_label_are_named() -> None:
    label = np.array([0, 0, 1, 2, 2])
    group = np.array([7, 7, 7, 3, 4])
    prob = np.full((5, 3), 1 / 3, dtype=np.float32)
    copies = disagreeing_copies(prob, label, group)
    assert sorted((one.place, one.suggested) for one in copies) == [(0, 1), (1, 1), (2, 0)]
    # Votes: 2 + 1/3 for class 0 and 1 + 1/3 for class 1, 11/3 together.
    assert {one.place: one.wrong for one in copies} == pytest.approx({0: 4 / 11, 1: 4 / 11, 2: 7 / 11})


def test_the_networks_decide_between_equally_frequent_labels() -> None:
    prob = np.tile([0.9, 0.1], (2, 1)).astype(np.float32)
    wrong = {one.place: one.wrong for one in disagreeing_copies(prob, np.array([0, 1]), np.array([5, 5]))}
    assert wrong[1] > 0.5 > wrong[0]


def test_families_that_agree_and_no_rows_give_no_issue() -> None:
    prob = np.full((4, 2), 0.5, dtype=np.float32)
    assert disagreeing_copies(prob, np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1])) == []
    assert disagreeing_copies(prob[:0], np.array([], int), np.array([], int)) == []
