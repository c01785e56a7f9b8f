"""Diversity of members worked out by hand and planted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sketchfit.inference.diversity import diversity


def test_by_hand() -> None:
    label = np.array([0, 0, 1, 1])
    first, second = np.eye(2)[[0, 0, 1, 0]], np.eye(2)[[0, 1, 1, 1]]
    found = diversity({"a": first, "b": second}, label)
    assert found.names == ("a", "b")
    assert [estimate.value for estimate in found.accuracy] == [0.75, 0.75]
    assert found.disagreement.tolist() == [[0, 0.5], [0.5, 0]]
    assert found.any_right.value == 1
    # wrong: 0001 and 0100; covariance -1/16, variance 3/16
    assert found.error_correlation[0, 1] == pytest.approx(-1 / 3)
    assert found.error_correlation[0, 0] == pytest.approx(1)


def test_worth(draw_members: Callable[..., Any]) -> None:
    members, label = draw_members(np.random.default_rng(0), 3000, 5, [1.5, 1.5])
    noise = np.eye(5, dtype=np.float32)[np.random.default_rng(1).integers(0, 5, 3000)]
    found = diversity({"a": members[0], "b": members[1], "noise": noise}, label, np.arange(3000) // 2)
    assert found.worth[0].helps
    assert found.worth[1].helps
    assert found.worth[2].high < 0
    alone = diversity({"a": members[0]}, label)
    assert alone.worth == ()
    never_wrong = diversity({"a": np.eye(5)[label], "b": members[0]}, label)
    assert never_wrong.error_correlation[0].tolist() == [0, 0]
