"""Differences of any two runs, against values worked out by hand and against `paired_difference`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.inference.intervals import paired_difference
from sketchfit.inference.metrics import row_log_loss
from sketchfit.reporting.comparing.paired import PairedRuns, changed_classes
from tests.reporting.comparing.by_hand import by_hand


def test_a_pair_by_hand() -> None:
    found = PairedRuns.of(by_hand("1100", "1011")).compare(0, 1)
    assert (found.name, found.base) == ("b", "a")
    assert found.top1.value == pytest.approx(0.25)
    assert found.gained.tolist() == [2, 3]
    assert found.lost.tolist() == [1]
    assert found.top5.value == 0
    assert found.log_loss.value == pytest.approx((np.log(0.2) - np.log(0.8)) / 4)


rows = st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans(), st.integers(0, 4)), min_size=2, max_size=30)


@settings(max_examples=25)
@given(rows)
def test_any_two_runs_are_compared_as_if_they_were_alone(drawn: list[tuple[bool, bool, bool, int]]) -> None:
    texts = ["".join(str(int(row[run])) for row in drawn) for run in range(3)]
    aligned = by_hand(*texts, group=[row[3] for row in drawn])
    paired = PairedRuns.of(aligned)
    for base, number in ((0, 1), (2, 1)):
        was, now = (aligned.correct[place].astype(float) for place in (base, number))
        wanted = paired_difference(was, now, aligned.group)
        found = paired.compare(base, number).top1
        assert (found.value, found.low, found.high) == pytest.approx((wanted.value, wanted.low, wanted.high), abs=1e-9)
        back = paired.compare(number, base).top1
        assert (back.value, back.low, back.high) == pytest.approx((-found.value, -found.high, -found.low), abs=1e-9)
        loss = [row_log_loss(aligned.prob[place], aligned.label) for place in (base, number)]
        wanted = paired_difference(*loss, aligned.group)
        assert paired.compare(base, number).log_loss.low == pytest.approx(wanted.low, abs=1e-6)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=20, max_size=200))
def test_the_p_value_agrees_with_the_interval(drawn: list[tuple[bool, bool]]) -> None:
    texts = ["".join(str(int(row[run])) for row in drawn) for run in range(2)]
    found = PairedRuns.of(by_hand(*texts)).compare(0, 1).top1
    if found.helps or found.hurts:
        assert found.p_value < 0.06
    else:
        assert found.p_value > 0.045


def test_each_other_run_is_compared_with_the_base() -> None:
    found = PairedRuns.of(by_hand("11", "10", "01")).against(1)
    assert [(one.name, one.base) for one in found] == [("a", "b"), ("c", "b")]


def test_pairs_are_corrected_for_their_number() -> None:
    half = "1" * 100 + "0" * 100
    better = "1" * 160 + "0" * 40
    aligned = by_hand(half, half, better)
    assert PairedRuns.of(aligned).surely_different() == {(0, 2), (2, 0), (1, 2), (2, 1)}
    # 6 gained of 200 and none lost is p of about 0.002 alone, and stays below 0.05 among 3 pairs, not among 28.
    slight = "1" * 106 + "0" * 94
    few, many = by_hand(half, slight), by_hand(half, slight, *[half] * 6)
    assert PairedRuns.of(few).surely_different() == {(0, 1), (1, 0)}
    assert PairedRuns.of(many).surely_different() == set()


def test_clear_differences_among_many_runs_remain_after_correction() -> None:
    half, better = "1" * 100 + "0" * 100, "1" * 180 + "0" * 20
    group = [row // 2 for row in range(200)]
    assert (0, 11) in PairedRuns.of(by_hand(*[half] * 11, better, group=group)).surely_different()


def test_classes_are_ordered_by_the_range_of_their_accuracies() -> None:
    # Rows 0, 2, 4 are axes and rows 1, 3, 5 are buses.
    found = changed_classes(by_hand("101010", "111110", "010010"))
    assert [(one.index, one.drawings, one.right) for one in found] == [(0, 3, (3, 3, 1)), (1, 3, (0, 2, 1))]
    assert [one.spread for one in found] == pytest.approx([2 / 3, 2 / 3])
    assert changed_classes(by_hand("1010", "1010")) == []
