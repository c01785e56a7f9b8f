from __future__ import annotations

from dataclasses import replace

import pytest

from sketchfit.planning.deadline import TimeLeft
from sketchfit.planning.forecast import ANSWER_SHARE, forecast, with_answer
from sketchfit.planning.options import BankOption, NetworkOption, Options
from sketchfit.planning.value import accuracy_after, worth

BANK = BankOption("bank", 10.0, 128)
NET = NetworkOption("net", start=4.0, epoch=10.0, after=6.0, updates=156, size=128)
AGAIN = replace(NET, name="net-seed1", follows="net")
LONG = TimeLeft(5000.0, 10_000.0)


def test_units_follow_each_other_until_nothing_fits():
    found = forecast(Options([BANK], [NET], (0, 1)), LONG)
    assert [unit.key for unit in found.units] == ["bank", "net/fold0", "net/fold1"]
    networks = [NET.with_folds(2, found.units[1].epochs)]
    assert found.worths[:2] == (0.0, 0.0)
    assert len(found.worths) == 4
    assert found.units[1].epochs <= found.units[2].epochs
    assert found.worth == pytest.approx(worth(networks, True), abs=0.02)
    assert forecast(Options([BANK], [NET], (0, 1)), LONG, most=2).units == found.units[:2]


def test_what_is_expected_out_of_fold_is_less_than_of_the_mean_of_all_networks():
    found = forecast(Options([BANK], [NET], (0, 1)), LONG)
    expected = found.expectation(0.4)
    assert expected.value == pytest.approx(accuracy_after(0.4, found.out_of_fold), abs=1e-4)
    assert expected.low < expected.value < accuracy_after(0.4, found.worth)


def test_networks_that_are_trained_together_begin_together():
    found = forecast(Options([BANK], [NET], (0, 1, 2, 3), at_once=2), LONG, answer=1.0)
    assert [unit.key for unit in found.units] == ["bank", *(f"net/fold{fold}" for fold in range(4))]
    each = NET.each(found.units[1].epochs)
    assert found.begins[:4] == pytest.approx((0.0, 11.0, 11.0, 11.0 + each + 1.0), abs=0.1)
    assert len(found.begins) == len(found.units) + 1
    assert found.worths[2] < found.worths[3]


def test_another_seed_follows_when_all_folds_of_the_first_are_trained():
    found = forecast(Options([replace(BANK, done=True)], [AGAIN, NET], (0, 1)), LONG)
    assert [unit.key for unit in found.units] == ["net/fold0", "net/fold1", "net-seed1/fold0", "net-seed1/fold1"]
    assert not [unit for unit in forecast(Options([BANK], [AGAIN], (0, 1)), LONG).units if unit.kind == "network"]


def test_answers_take_a_bounded_part_of_the_time():
    assert with_answer(10.0, 1.0) == 11.0
    assert with_answer(10.0, 100.0) == 10.0 * (1 + ANSWER_SHARE)
    options = Options([replace(BANK, done=True)], [NET], (0, 1, 2, 3, 4))
    few, many = (forecast(options, TimeLeft(300.0, 600.0), answer=seconds) for seconds in (20.0, 0.0))
    assert few.worth < many.worth
