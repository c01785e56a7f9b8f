"""The greedy choice of candidates, with builders of known soups."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sketchfit.data.folds import Fold
from sketchfit.inference.choices import measured_choice
from sketchfit.inference.intervals import Difference
from sketchfit.inference.oof import Rows
from sketchfit.models.averaging import greedy_choice
from sketchfit.soups import member_soup as module
from sketchfit.soups.member_soup import MemberSoup
from sketchfit.soups.soups import Soups


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


def _soup(gain: float, force: bool = False) -> MemberSoup:
    """A soup of members `a` and `b` whose accuracy differs by `gain` from that of the best of them."""
    candidates: Any = [SimpleNamespace(member=SimpleNamespace(name=name)) for name in "ab"]
    found = Difference(gain, gain - 0.02, gain + 0.02, 0.5, 100)
    record: Any = SimpleNamespace(name="a+soup", how="uniform", nested=None, over_best_candidate=found)
    choice = measured_choice("soup", found, 0.6, needs="not worse", force=force)
    return MemberSoup(tuple(candidates), (), record, choice)


@pytest.mark.parametrize(
    ("use", "gain", "force", "names"),
    [
        ("members", 0.01, False, {"a": "a+soup", "c": "c"}),
        ("members", 0.0, False, {"a": "a+soup", "c": "c"}),
        ("members", -0.01, False, {"a": "a", "b": "b", "c": "c"}),
        ("members", -0.01, True, {"a": "a+soup", "c": "c"}),
        ("none", 0.01, False, {"a": "a", "b": "b", "c": "c"}),
    ],
)
def test_a_soup_replaces_its_candidates_unless_the_best_of_them_is_more_accurate(
    use: str, gain: float, force: bool, names: dict[str, str]
) -> None:
    trained: Any = {name: SimpleNamespace(member=name, folds=(), folder=name) for name in "abc"}
    soups = Soups(use, (_soup(gain, force),))
    assert {name: one.folder for name, one in soups.sources(trained).items()} == names
    assert len(soups.choices()) == (use != "none")
