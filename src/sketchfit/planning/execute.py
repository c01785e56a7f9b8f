"""The loop of a run with a deadline: choose units, record them, run them, answer, choose again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sketchfit.errors import UserError
from sketchfit.planning.book import PlanBook
from sketchfit.planning.choose import choose
from sketchfit.planning.deadline import STOP, TimeLeft
from sketchfit.planning.forecast import ANSWER_SHARE, forecast
from sketchfit.planning.options import Options
from sketchfit.planning.pace import LateError
from sketchfit.runs.artefacts import PlannedUnit
from sketchfit.runs.estimates import Estimate

ANSWER_SLOW = 1.3
"""A training is stopped where the last answer, so many times as slow, would be late."""

LOOK_AHEAD = 6
"""Units that the plan names in advance."""


@dataclass(frozen=True)
class Answer:
    """The run's probabilities after some units: accuracy out of fold, number of networks, names of members."""

    top1: Estimate
    networks: int
    members: tuple[str, ...]


Ended = Callable[[PlannedUnit, LateError | UserError | None], None]
"""Receives a unit that has ended; the error where it is dropped, or has failed."""


class Work(Protocol):
    """What a run can do."""

    def options(self) -> Options:
        """Return what can be run next, with the times of now."""

    def settings(self, member: str) -> Mapping[str, Any]:
        """Return the settings of a member, relative to the run's."""

    def reserve(self) -> float:
        """Return the seconds of the last stages."""

    def answer_seconds(self) -> float:
        """Return the seconds that an answer takes."""

    def run(self, units: Sequence[PlannedUnit], allowed: Callable[[], float], ended: Ended) -> None:
        """Run or continue units at the same time.

        Args:
            units: one, or several networks.
            allowed: returns the seconds that are left for them.
            ended: called for each unit as it ends.
        """

    def discard(self, unit: PlannedUnit) -> None:
        """Delete what a unit has written."""

    def answer(self) -> Answer:
        """Combine what is done, and replace the submission."""


def execute(book: PlanBook, work: Work) -> None:
    """Run units until nothing fits into the time that is left.

    A unit that an earlier process has started is continued first. Files of dropped and failed units are deleted
    again, as a process may have been killed between the record and the deletion.
    """
    for unit in book.units("dropped", "failed"):
        _discard(book, work, unit)
    last = 0.0
    if started := book.units("started"):
        for units in _together(started):
            _run(book, work, units)
        last = _answer(book, work, last)
    if not book.plan.answers and book.units("done"):
        last = _answer(book, work, last)
    while (choice := choose(work.options(), _left(book, work))) is not None:
        settings = {unit.member: work.settings(unit.member) for unit in choice.units}
        if _run(book, work, book.begin(choice.units, settings, choice.text)):
            last = _answer(book, work, last)
        _look_ahead(book, work)


def _together(units: Sequence[PlannedUnit]) -> list[list[PlannedUnit]]:
    """Return what can be run at the same time: each bank member alone, then all networks."""
    networks = [unit for unit in units if unit.kind == "network"]
    return [*([unit] for unit in units if unit.kind != "network"), *([networks] if networks else [])]


def _discard(book: PlanBook, work: Work, unit: PlannedUnit) -> None:
    """Delete the files of a dropped or failed unit, unless a later unit has the same place."""
    if not any(one.key == unit.key for one in book.units("started", "done")):
        work.discard(unit)


def _look_ahead(book: PlanBook, work: Work) -> None:
    """Write the units that are expected to follow."""
    if not book.plan.answers:
        return
    ahead = forecast(work.options(), _left(book, work), LOOK_AHEAD)
    expected = None
    if book.plan.expected is None:
        whole = forecast(work.options(), _left(book, work))
        expected = whole.expectation(book.plan.answers[0].top1.value)
    book.expect(ahead.units, expected)


def _left(book: PlanBook, work: Work) -> TimeLeft:
    return book.deadline.left(work.reserve(), work.answer_seconds())


def _run(book: PlanBook, work: Work, units: Sequence[PlannedUnit]) -> bool:
    """Run units; return whether one of them is done."""
    began = {unit.key: book.deadline.used - _spent(book, unit) for unit in units}
    done: list[PlannedUnit] = []

    def ended(unit: PlannedUnit, error: LateError | UserError | None) -> None:
        taken = book.deadline.used - began[unit.key]
        if error is None:
            book.end(unit, taken)
            done.append(unit)
            return
        if isinstance(error, LateError):
            book.drop(unit, str(error), taken + error.left)
        else:
            book.fail(unit, "; ".join(error.problems))
        _discard(book, work, unit)

    work.run(units, lambda: book.deadline.until(STOP) - ANSWER_SLOW * work.answer_seconds(), ended)
    return bool(done)


def _spent(book: PlanBook, unit: PlannedUnit) -> float:
    """Return the seconds that earlier processes worked on a unit; without them, a continued one would seem fast."""
    return 0.0 if unit.started_at is None else max(0.0, book.deadline.before - unit.started_at)


def _answer(book: PlanBook, work: Work, last: float) -> float:
    """Write an answer where that is worth its time; return the time of the last one."""
    due = work.answer_seconds() <= ANSWER_SHARE * (book.deadline.used - last)
    if book.plan.answers and not due:
        return last
    found = work.answer()
    book.answered(found.top1, found.networks, found.members)
    return book.deadline.used
