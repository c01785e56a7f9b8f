"""The loop against a simulated machine: deadlines are kept at any speed, decisions are on disk before they count."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.errors import UserError
from sketchfit.planning.book import PlanBook
from sketchfit.planning.costs import ratio_of
from sketchfit.planning.deadline import WorkingTime
from sketchfit.planning.execute import Answer, Ended, execute
from sketchfit.planning.options import BankOption, NetworkOption, Options
from sketchfit.planning.pace import Expected, LateError, Pace
from sketchfit.runs.artefacts import PlannedUnit, RunPlan
from sketchfit.runs.estimates import Estimate

BANKS = {"quick": 9.0, "middle": 16.0, "large": 30.0, "other": 22.0, "a": 7.0, "b": 10.0, "c": 13.0, "d": 18.0}
FILLERS = frozenset("abcd")
NETWORKS = {"net": (4.0, 8.0, 6.0, 128), "big": (6.0, 20.0, 9.0, 192)}
UPDATES = 40
FOLDS = (0, 1, 2, 3, 4)
START = 15.0
"""Seconds before the first unit."""
ANSWER = 1.5


class Killed(Exception):
    """The process ends."""


@dataclass
class Machine:
    """A machine on which everything takes `speed(now)` times as long; it implements `Work`."""

    speed: Callable[[float], float]
    killed_at: float = float("inf")
    now: float = 0.0
    book: PlanBook = field(init=False)
    files: set[str] = field(default_factory=set)
    last_answer: float = 0.0
    at_once: int = 1
    fails: str = ""
    """Member whose trainings fail halfway."""

    def spend(self, seconds: float) -> None:
        self.now += seconds * self.speed(self.now)
        if self.now > self.killed_at:
            raise Killed

    def options(self) -> Options:
        ratios, done = self.book.ratios(), self.book.units("done")
        epochs = {name: tuple(unit.epochs for unit in done if unit.member == name) for name in NETWORKS}
        folds = {name: tuple(unit.fold or 0 for unit in done if unit.member == name) for name in NETWORKS}
        banks = [
            BankOption(
                name,
                seconds * ratio_of(ratios, name, "bank"),
                128,
                done=any(unit.member == name for unit in done),
                filler=name in FILLERS,
            )
            for name, seconds in BANKS.items()
        ]
        networks = []
        for name, (start, epoch, after, size) in NETWORKS.items():
            ratio = ratio_of(ratios, name, "network")
            networks.append(
                NetworkOption(
                    name,
                    start * ratio,
                    epoch * ratio,
                    after * ratio,
                    UPDATES,
                    size,
                    0.0,
                    epochs[name],
                    folds[name],
                    failed=any(unit.member == name for unit in self.book.units("failed")),
                )
            )
        return Options(banks, networks, FOLDS, at_once=self.at_once)

    def settings(self, member: str) -> Mapping[str, Any]:
        return {"name": member}

    def reserve(self) -> float:
        return 1.3 * self.last_answer

    def answer_seconds(self) -> float:
        return self.last_answer

    def run(self, units: Sequence[PlannedUnit], allowed: Callable[[], float], ended: Ended) -> None:
        """Run units; networks at the same time take turns."""
        for unit in units:
            assert unit in RunPlan.read(self.book.folder).units, "a unit is recorded before it is run"
            self.files.add(unit.key)
        if units[0].kind == "bank":
            self.spend(BANKS[units[0].member])
            ended(units[0], None)
            return
        running = {unit.key: self._training(unit, allowed) for unit in units}
        taken = dict.fromkeys(running, 0.0)
        while running:
            key = min(running, key=lambda one: taken[one])
            (unit,) = [one for one in units if one.key == key]
            try:
                seconds = next(running[key])
            except StopIteration:
                ended(unit, None)
            except (LateError, UserError) as error:
                ended(unit, error)
            else:
                taken[key] += seconds
                self.spend(seconds / len(running))
                continue
            del running[key]

    def _training(self, unit: PlannedUnit, allowed: Callable[[], float]) -> Iterator[float]:
        """Yield the seconds of the parts of a training, which takes its share of the machine."""
        start, epoch, after, _ = NETWORKS[unit.member]
        pace = Pace(Expected(unit.epochs * UPDATES, epoch / UPDATES, after), allowed, lambda: self.now)
        yield start
        for number in range(unit.epochs * UPDATES):
            yield epoch / UPDATES
            if unit.member == self.fails and number > UPDATES:
                raise UserError("the loss is not finite")
            pace.updated(number + 1)
        yield after

    def discard(self, unit: PlannedUnit) -> None:
        dropped = [one for one in RunPlan.read(self.book.folder).units if one.key == unit.key]
        assert dropped[-1].status in ("dropped", "failed"), "it is recorded before it is deleted"
        self.files.discard(unit.key)

    def answer(self) -> Answer:
        before = self.now
        self.spend(ANSWER)
        self.last_answer = self.now - before
        done = self.book.units("done")
        return Answer(Estimate(0.5, 0.4, 0.6, 100), len(done), tuple({unit.member: None for unit in done}))


def _run(folder: Path, machine: Machine, seconds: float, before: float = 0.0) -> PlanBook:
    """Run to the end; the machine's clock is at 0 when the process starts."""
    plan = RunPlan.find(folder) or RunPlan(seconds=seconds)
    machine.book = PlanBook(folder, plan, WorkingTime(seconds, before, 0.0, lambda: machine.now))
    machine.spend(START)
    execute(machine.book, machine)
    if machine.book.deadline.used + ANSWER <= seconds:
        machine.spend(ANSWER)  # the claim, which is left out where there is no time
    return machine.book


@pytest.mark.parametrize("at_once", [1, 2])
@pytest.mark.parametrize("seconds", [180.0, 480.0, 1080.0])
def test_an_undisturbed_run_uses_its_time(tmp_path: Path, seconds: float, at_once: int):
    book = _run(tmp_path, Machine(lambda _: 1.0, at_once=at_once), seconds)
    assert 0.85 * seconds <= book.deadline.used <= seconds
    assert {unit.status for unit in book.plan.units} == {"done"}
    assert book.plan.answers[0].at <= START + BANKS["quick"] + ANSWER + 0.1
    assert [one.at for one in book.plan.answers] == sorted(one.at for one in book.plan.answers)


def _slower(moment: float, factor: float, total: float) -> Callable[[float], float]:
    return lambda now: factor if now >= moment * total else 1.0


@pytest.mark.parametrize("at_once", [1, 2])
@pytest.mark.parametrize("seconds", [180.0, 1080.0])
def test_deadlines_are_kept_when_a_core_is_taken_at_any_moment(tmp_path: Path, seconds: float, at_once: int):
    ends = []
    for place in range(0, 60, 3):
        factor = 1.0 if place % 4 == 0 else 1.4 + 0.2 * (place % 5)
        machine = Machine(_slower(place / 60, factor, seconds), at_once=at_once)
        ends.append(_run(tmp_path / str(place), machine, seconds).deadline.used / seconds)
    assert max(ends) <= 1.02
    assert sum(end >= 0.85 for end in ends) >= 0.95 * len(ends)


@settings(max_examples=30)
@given(
    seconds=st.floats(120.0, 2000.0),
    moment=st.floats(0.0, 1.0),
    factor=st.floats(0.3, 2.2),
    wave=st.floats(0.0, 0.2),
    at_once=st.integers(1, 4),
)
def test_no_run_is_later_than_it_may_be(
    tmp_path_factory: Any, seconds: float, moment: float, factor: float, wave: float, at_once: int
):
    slower = _slower(moment, factor, seconds)
    machine = Machine(lambda now: slower(now) * (1 + wave * ((now // 7) % 3 - 1)), at_once=at_once)
    book = _run(tmp_path_factory.mktemp("run"), machine, seconds)
    assert book.deadline.used <= 1.02 * seconds
    assert book.plan.answers


@pytest.mark.parametrize("at_once", [1, 2])
@pytest.mark.parametrize("moment", [20.0, 27.0, 60.0, 150.0, 300.0])
def test_a_killed_run_continues_with_what_it_had_started(tmp_path: Path, moment: float, at_once: int):
    first = Machine(lambda _: 1.0, killed_at=moment, at_once=at_once)
    with pytest.raises(Killed):
        _run(tmp_path, first, 480.0)
    before = RunPlan.read(tmp_path)
    second = Machine(lambda _: 1.0, at_once=at_once)
    book = _run(tmp_path, second, 480.0, before=moment)
    kept = [unit for unit in before.units if unit.status == "done"]
    assert list(book.plan.units[: len(kept)]) == kept
    assert all(unit.status in ("done", "dropped") for unit in book.plan.units)
    started = [unit for unit in before.units if unit.status == "started"]
    assert [unit.key for unit in book.plan.units[len(kept) : len(before.units)]] == [unit.key for unit in started]
    assert 0.8 * 480.0 <= book.deadline.used <= 480.0


def test_the_time_of_a_continued_unit_includes_that_of_the_killed_process(tmp_path: Path):
    killed_at, pause = 150.0, 1000.0
    with pytest.raises(Killed):
        _run(tmp_path, Machine(lambda _: 1.0, killed_at=killed_at), 480.0)
    (started,) = [unit for unit in RunPlan.read(tmp_path).units if unit.status == "started"]
    assert started.started_at is not None
    machine = Machine(lambda _: 1.0, now=pause)
    machine.book = PlanBook(tmp_path, RunPlan.read(tmp_path), WorkingTime(480.0, killed_at, pause, lambda: machine.now))
    machine.spend(START)
    execute(machine.book, machine)
    (unit,) = [one for one in machine.book.units("done") if one.key == started.key]
    start, epoch, after, _ = NETWORKS[unit.member]
    alone = start + unit.epochs * epoch + after
    assert unit.actual == pytest.approx(killed_at - started.started_at + alone, abs=0.1)


@pytest.mark.parametrize("at_once", [1, 2])
def test_a_dropped_unit_leaves_no_files_and_a_shorter_one_may_follow(tmp_path: Path, at_once: int):
    machine = Machine(_slower(0.6, 2.0, 480.0), at_once=at_once)
    book = _run(tmp_path, machine, 480.0)
    dropped, done = book.units("dropped"), book.units("done")
    assert dropped
    assert all(unit.reason for unit in dropped)
    assert machine.files == {unit.key for unit in done}


@pytest.mark.parametrize("at_once", [1, 2])
@pytest.mark.parametrize("fails", sorted(NETWORKS))
def test_the_plan_continues_without_a_member_that_fails(tmp_path: Path, fails: str, at_once: int):
    machine = Machine(lambda _: 1.0, at_once=at_once, fails=fails)
    book = _run(tmp_path, machine, 1080.0)
    failed = book.units("failed")
    assert 1 <= len(failed) <= at_once
    assert {unit.member for unit in failed} == {fails}
    assert all(unit.reason == "the loss is not finite" for unit in failed)
    done = {unit.member for unit in book.units("done")}
    assert fails not in done
    assert done & set(NETWORKS)
    assert machine.files == {unit.key for unit in book.units("done")}
    assert book.ratios()["network"] == pytest.approx(1.0, abs=0.3), "it did not make the machine slow"


def test_a_run_of_which_all_networks_fail_has_the_answer_of_its_first_unit(tmp_path: Path):
    machine = Machine(lambda _: 1.0, fails="net")
    options = machine.options
    machine.options = lambda: replace(options(), networks=options().networks[:1])  # type: ignore[method-assign]
    book = _run(tmp_path, machine, 480.0)
    assert {unit.kind for unit in book.units("done")} == {"bank"}
    assert book.plan.answers


def test_ratios_multiply_as_estimates_already_contain_them(tmp_path: Path):
    unit = PlannedUnit(key="a", kind="bank", member="a", status="done", estimated=10.0, actual=20.0)
    again = replace_unit(unit, key="b", member="b", estimated=20.0, actual=30.0)
    book = PlanBook(tmp_path, RunPlan(seconds=60.0, units=(unit, again)), WorkingTime(60.0, 0.0, 0.0, lambda: 0.0))
    assert book.ratios() == {"a": 2.0, "bank": 3.0, "b": 3.0}


def test_units_that_began_together_were_estimated_with_the_same_ratio(tmp_path: Path):
    done = {"kind": "network", "member": "a", "status": "done"}
    times = [("a/fold0", 1.0, 13.0), ("a/fold1", 1.0, 12.0), ("a/fold2", 2.0, 9.0)]
    units = [PlannedUnit(key=key, started_at=at, estimated=10.0, actual=actual, **done) for key, at, actual in times]
    plan = RunPlan(seconds=60.0, units=tuple(units))
    book = PlanBook(tmp_path, plan, WorkingTime(60.0, 0.0, 0.0, lambda: 0.0))
    assert book.ratios()["a"] == pytest.approx(1.3 * 0.9)


def test_a_dropped_unit_shows_that_everything_is_slow(tmp_path: Path):
    unit = PlannedUnit(key="a/fold0", kind="network", member="a", status="dropped", estimated=10.0, actual=18.0)
    book = PlanBook(tmp_path, RunPlan(seconds=60.0, units=(unit,)), WorkingTime(60.0, 0.0, 0.0, lambda: 0.0))
    assert book.ratios() == {"a": 1.8, "network": 1.8, "bank": 1.8}


def replace_unit(unit: PlannedUnit, **fields: Any) -> PlannedUnit:
    return unit.model_copy(update=fields)
