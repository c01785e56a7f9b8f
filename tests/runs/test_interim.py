"""A run in progress answers by the mean of its networks so far; worked out by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sketchfit.errors import UserError
from sketchfit.runs.interim import own_or_interim
from sketchfit.runs.probabilities import Probabilities


class PlantedRun(SimpleNamespace):
    """The parts of a run that count: probabilities by name, None being its own."""

    def oof(self, name: str | None = None) -> Probabilities:
        return self.found[name]

    test = oof

    def has(self, split: str) -> bool:
        return None in self.found


def planted(found: dict[str | None, Probabilities], kind: str = "run") -> Any:
    names = [name for name in found if name]
    return PlantedRun(found=found, kind=kind, members=dict.fromkeys(["a", "b"]), trained=names, path="run")


def some(rows: list[int], first: list[float]) -> Probabilities:
    prob = np.array([[one, 1 - one] for one in first], np.float32)
    return Probabilities(np.array(rows, np.int64), prob)


def test_its_own_answers_come_first() -> None:
    own = some([0, 1], [0.1, 0.2])
    assert own_or_interim(planted({None: own, "a": some([0], [0.9])}), "oof") is own


def test_before_that_members_are_averaged_on_the_rows_that_all_of_them_have() -> None:
    found = own_or_interim(
        planted({"a": some([0, 1, 4], [0.2, 0.4, 1.0]), "b": some([1, 2, 4], [0.8, 0.1, 0.5])}), "oof"
    )
    assert found.row.tolist() == [1, 4]
    np.testing.assert_allclose(found.prob, [[0.6, 0.4], [0.75, 0.25]], rtol=1e-6)


def test_members_of_different_rows_are_not_mixed() -> None:
    longer = some([1, 2], [0.5, 0.5])
    assert own_or_interim(planted({"a": some([0], [0.2]), "b": longer}), "oof") is longer


def test_a_member_without_a_network_waits() -> None:
    only = some([0, 3], [0.25, 0.5])
    found = own_or_interim(planted({"b": only}), "test")
    assert found.row.tolist() == [0, 3]
    np.testing.assert_array_equal(found.prob, only.prob)


def test_without_a_network_there_is_no_answer() -> None:
    with pytest.raises(UserError, match="no trained network"):
        own_or_interim(planted({}), "oof")
