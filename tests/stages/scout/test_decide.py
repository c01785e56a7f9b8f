from __future__ import annotations

import numpy as np
import pytest

from sketchfit.inference.intervals import paired_difference
from sketchfit.runs.estimates import Difference
from sketchfit.stages.scout.decide import decide, finalists, survivors
from tests.stages.scout.made import make_figures


def right(count: int, rows: int = 1000) -> np.ndarray:
    """The first `count` of the rows are right."""
    return np.arange(rows) < count


def test_the_better_half_survives_and_whoever_is_not_clearly_worse():
    named = {"worst": right(300), "best": right(600), "third": right(590), "second": right(598)}
    # `third` is wrong in 10 rows that `best` has right, which the paired interval excludes from chance
    assert survivors(named, None) == ["best", "second"]
    order = np.random.default_rng(0).permutation(1000)
    named["third"] = right(595)[order]  # the same accuracy nearly, in other rows: not clearly worse
    assert survivors(named, None) == ["best", "second", "third"]
    assert survivors({}, None) == []


def test_the_finalists_are_the_best_of_those_that_were_measured():
    options = [make_figures("a", 0.4), make_figures("b", None), make_figures("c", 0.6), make_figures("d", 0.5)]
    assert [one.name for one in finalists(options)] == ["c", "d"]
    assert finalists([make_figures("b", None)]) == []


@pytest.mark.parametrize(
    ("value", "low", "high", "seconds", "chosen", "words"),
    [
        (0.03, 0.01, 0.05, (60, 600), "two", "is better than one: +3.0 points"),
        (-0.03, -0.05, -0.01, (600, 60), "one", "is better than two: +3.0 points"),
        (0.005, -0.02, 0.03, (60, 600), "one", "trains faster than two, and the two are within noise: -0.5"),
        (0.03, -0.02, 0.08, (60, 600), "two", "more accurate of two that are within noise of each other: +3.0"),
        (-0.005, -0.03, 0.02, (60, 600), "one", "more accurate of two that are within noise of each other: +0.5"),
        (-0.005, -0.03, 0.02, (600, 60), "two", "trains faster than one, and the two are within noise: -0.5"),
    ],
)
def test_the_interval_decides_and_within_noise_time_does(value, low, high, seconds, chosen, words):
    first, second = (make_figures(name, train_seconds=one) for name, one in zip(("one", "two"), seconds, strict=True))
    found, reason = decide(first, second, Difference(value, low, high, 0.5, 100))
    assert found.name == chosen
    assert words in reason
    assert reason.startswith(chosen)


def test_equal_options_are_decided_by_time():
    same = paired_difference(right(500), right(500))
    found, _ = decide(make_figures("slow", train_seconds=9.0), make_figures("fast", train_seconds=3.0), same)
    assert found.name == "fast"
