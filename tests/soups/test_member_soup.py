"""The greedy choice of candidates, with builders of known soups."""

from __future__ import annotations

from typing import Any

import numpy as np

from sketchfit.data.folds import Fold
from sketchfit.inference.oof import Rows
from sketchfit.models.averaging import greedy_choice
from sketchfit.soups import member_soup as module


def test_a_candidate_that_makes_it_no_worse_is_taken() -> None:
    scores = {(0,): 0.5, (1,): 0.7, (2,): 0.6, (1, 2): 0.7, (1, 2, 0): 0.65}
    assert greedy_choice(3, scores.__getitem__) == ((1, 2), 0.7)


class FakeBuilder:
    """A builder of soups that are right on given rows: 2 folds of 2 rows, 2 candidates, 2 classes."""

    def __init__(self, right: dict[tuple[int, ...], list[int]]) -> None:
        self.right, self.group, self.tried = right, [None, None], list[tuple[int, ...]]()
        self.folds = [Fold(0, np.array([2, 3]), np.array([0, 1])), Fold(1, np.array([0, 1]), np.array([2, 3]))]

    def oof(self, chosen: tuple[int, ...], place: int) -> np.ndarray[Any, Any]:
        self.tried.append(chosen)
        sure = np.array(self.right[chosen])[self.folds[place].valid]
        return np.stack([0.25 + 0.5 * sure, 0.75 - 0.5 * sure], axis=1).astype(np.float32)


def test_a_greedy_choice_for_a_fold_is_made_on_the_others_by_hand() -> None:
    """Candidate 0 is right on rows 0 and 1 (fold 0), candidate 1 on rows 2 and 3 (fold 1), their soup on row 2.

    On fold 1, candidate 1 is best and the soup is worse; on fold 0, candidate 0 is best. So candidate 1 predicts fold
    0's rows and candidate 0 fold 1's: all are wrong, where the choice on all rows (0, the first of equals) has half of
    them right.
    """
    builder: Any = FakeBuilder({(0,): [1, 1, 0, 0], (1,): [0, 0, 1, 1], (0, 1): [0, 0, 1, 0]})
    part = np.array([0, 0, 1, 1])
    rows = Rows(np.arange(4), np.zeros(4, dtype=np.int64), part, None)
    chosen = {k: module._choose_greedily(builder, rows, part != k) for k in (0, 1)}
    assert chosen == {0: (1,), 1: (0,)}
    assert module._choose_greedily(builder, rows, np.ones(4, dtype=bool)) == (0,)
    answers = np.concatenate([module._oof_by_part(builder, k, rows, chosen) for k in (0, 1)])
    assert answers[:, 0].tolist() == [0.25] * 4
    assert (0, 1) in builder.tried
