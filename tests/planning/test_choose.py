from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.planning.allocate import LENGTHS, Part, allocate, seconds_of
from sketchfit.planning.choose import BANK_SHARE, choose
from sketchfit.planning.deadline import SLOW, TimeLeft
from sketchfit.planning.options import BankOption, NetworkOption, Options

SMALL = BankOption("small-bank", 10.0, 128)
LARGE = BankOption("large-bank", 40.0, 224)
NET = NetworkOption("net", start=4.0, epoch=10.0, after=6.0, updates=156, size=128)
BIG = NetworkOption("big", start=4.0, epoch=30.0, after=6.0, updates=156, size=224)
FOLDS = (0, 1, 2, 3, 4)


def _left(seconds: float) -> TimeLeft:
    """So much time that work which cannot be stopped may be slow."""
    return TimeLeft(seconds, 10 * seconds)


def _options(*networks: NetworkOption, banks: tuple[BankOption, ...] = (replace(SMALL, done=True),)) -> Options:
    return Options(banks, networks, FOLDS)


def test_the_first_bank_member_is_first_however_little_time_is_left():
    chosen = choose(_options(NET, banks=(SMALL, LARGE)), _left(1.0))
    assert chosen is not None
    (unit,) = chosen.units
    assert (unit.key, unit.kind, unit.fold) == ("small-bank", "bank", None)


@pytest.mark.parametrize(("left", "key"), [(LARGE.seconds / BANK_SHARE + 1, "large-bank"), (200.0, "net/fold0")])
def test_a_further_bank_member_is_fitted_where_it_takes_little_of_the_time(left: float, key: str):
    chosen = choose(_options(NET, banks=(replace(SMALL, done=True), LARGE)), _left(left))
    assert chosen is not None
    assert chosen.units[0].key == key


def test_a_bank_member_fills_what_is_too_short_for_a_training():
    left = NET.seconds(LENGTHS[0]) - 0.5
    chosen = choose(_options(NET, banks=(replace(SMALL, done=True), replace(LARGE, seconds=39.0))), _left(left))
    assert chosen is not None
    assert chosen.units[0].key == "large-bank"
    assert choose(_options(NET), _left(left)) is None


def test_a_last_training_uses_the_time():
    net = replace(NET, updates=39)  # sixteen epochs are useful
    chosen = choose(replace(_options(net), folds=(0,)), _left(10.0 + 7 * 10.0 + 5.0))
    assert chosen is not None
    assert (chosen.units[0].epochs, chosen.units[0].estimated) == (7, 80.0)


def test_the_next_fold_follows_those_that_are_done():
    chosen = choose(_options(replace(NET, done=(6, 6), folds_done=(0, 1))), _left(60.0))
    assert chosen is not None
    assert (chosen.units[0].key, chosen.units[0].fold) == ("net/fold2", 2)


def test_more_time_gives_more_folds_and_members():
    few, many = (allocate(_options(NET, BIG), _left(seconds)) for seconds in (120.0, 3000.0))
    assert len(few.parts) == 1
    assert sum(part.folds for part in many.parts) >= 5
    assert len(many.parts) == 2


@given(
    seconds=st.floats(1.0, 5000.0),
    done=st.lists(st.sampled_from(LENGTHS), max_size=5),
    epoch=st.floats(0.5, 200.0),
)
def test_what_is_chosen_fits_and_is_new(seconds: float, done: list[int], epoch: float):
    net = replace(NET, epoch=epoch, done=tuple(done), folds_done=FOLDS[: len(done)])
    chosen = choose(_options(net, BIG), _left(seconds))
    if chosen is not None:
        assert chosen.units[0].estimated <= seconds + 0.1
        assert chosen.units[0].fold == (len(done) if chosen.units[0].member == "net" else 0)
        assert chosen.units[0].epochs >= LENGTHS[0]
        assert chosen.allocation is not None
        assert chosen.allocation.seconds <= seconds
    else:
        assert min(net.seconds(LENGTHS[0]), BIG.seconds(LENGTHS[0])) > seconds or len(done) == len(FOLDS)


@given(
    seconds=st.floats(1.0, 5000.0),
    done=st.integers(0, 5),
    at_once=st.integers(1, 4),
    epoch=st.floats(0.5, 200.0),
)
def test_networks_that_are_trained_together_fit_and_differ(seconds: float, done: int, at_once: int, epoch: float):
    net = replace(NET, epoch=epoch, done=(5,) * done, folds_done=FOLDS[5 - done :], once=3.0, copying=2.0, copies=3)
    options = replace(_options(net, BIG), at_once=at_once)
    chosen = choose(options, _left(seconds))
    if chosen is None:
        return
    assert chosen.allocation is not None
    planned = sum(part.folds for part in chosen.allocation.parts)
    assert len(chosen.units) == min(at_once, planned)
    assert len({unit.key for unit in chosen.units}) == len(chosen.units)
    assert chosen.seconds <= seconds + 0.1
    assert chosen.allocation.seconds <= seconds
    open_folds = {"net": set(FOLDS) - set(net.folds_done), "big": set(FOLDS)}
    assert all(unit.fold in open_folds[unit.member] for unit in chosen.units)


@pytest.mark.parametrize("least", [2, 3])
def test_each_member_is_trained_on_enough_folds_where_there_is_time(least: int):
    options = replace(_options(NET, BIG), least_folds=least)
    found = allocate(options, _left(3000.0))
    assert all(part.folds >= least for part in found.parts)
    assert all(part.folds < least for part in allocate(options, _left(NET.seconds(3, least) - 1)).parts)
    begun = replace(NET, done=(5,), folds_done=(0,))
    chosen = choose(replace(_options(BIG, begun), least_folds=least), _left(3000.0))
    assert chosen is not None
    assert chosen.units[0].key == "net/fold1", "what is unfinished comes first"
    assert chosen.allocation is not None
    (rest,) = [part for part in chosen.allocation.parts if part.option.name == "net"]
    assert rest.folds >= least - 1


def test_no_member_of_fewer_folds_is_added_to_those_that_have_enough():
    complete = replace(NET, done=(5,) * 4, folds_done=FOLDS[:4])
    for seconds in (60.0, 130.0, 260.0):
        found = allocate(replace(_options(complete, BIG), least_folds=4), _left(seconds))
        assert {part.option.name for part in found.parts} <= {"net"}


def test_a_fold_of_a_group_that_was_dropped_is_still_open():
    chosen = choose(_options(replace(NET, done=(6,), folds_done=(1,))), _left(60.0))
    assert chosen is not None
    assert chosen.units[0].fold == 0


def test_networks_that_take_equally_long_are_trained_together():
    parts = [Part(NET, 3, 5), Part(BIG, 2, 5)]  # 60 s and 160 s each
    assert seconds_of(parts, 1) == pytest.approx(3 * 60.0 + 2 * 160.0)
    assert seconds_of(parts, 2) == pytest.approx(160.0 + 60.0 + 60.0)
    assert seconds_of([Part(replace(NET, once=7.0, copying=2.0, copies=3), 2, 5)], 2) == pytest.approx(13.0 + 60.0)


def test_work_that_cannot_be_stopped_must_fit_even_if_it_is_slow():
    left = TimeLeft(100.0, 100.0)
    assert replace(LARGE, seconds=100.0 / SLOW).fits(left)
    assert not replace(LARGE, seconds=60.0).fits(left)
    assert replace(LARGE, seconds=60.0, after=20.0).fits(left)
    assert left.before(20.0, SLOW) == pytest.approx(100.0 - (SLOW - 1) * 20.0)
    assert TimeLeft(50.0, 100.0).before(20.0, SLOW) == 50.0


def test_networks_are_planned_with_a_margin_where_none_was_trained_yet():
    options = [replace(_options(replace(NET, updates=39, doubt=doubt)), folds=(0,)) for doubt in (1.0, 1.2)]
    sure, unsure = (choose(one, _left(91.0)) for one in options)
    assert sure is not None
    assert unsure is not None
    assert sure.units[0].estimated > 91.0 / 1.2 >= unsure.units[0].estimated
