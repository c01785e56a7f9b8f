"""The answers of a run with a deadline: what is done, combined, calibrated and submitted."""

from __future__ import annotations

from dataclasses import replace

from sketchfit.inference.intervals import accuracy
from sketchfit.planning.book import PlanBook
from sketchfit.planning.execute import Answer
from sketchfit.runs.artefacts import PlannedUnit
from sketchfit.stages.apply_views import apply_views
from sketchfit.stages.calibrate import calibrate
from sketchfit.stages.combine import combine
from sketchfit.stages.context import RunState, Stage, made
from sketchfit.stages.planned.members import PlannedMembers
from sketchfit.stages.planned.quick_choice import quick_choice
from sketchfit.stages.planned.start import with_members
from sketchfit.stages.prior import correct_prior
from sketchfit.stages.submit import submit
from sketchfit.stages.train import read_planned
from sketchfit.stages.write_predictions import write_predictions

CORRECTED_FROM = 600.0
"""Seconds of a run from which its answers are corrected for class frequencies or matched to them: that takes seconds
per answer, with thousands of drawings of hundreds of classes."""

CORRECTED_CLASSES = 6e-4
"""The same, per squared number of classes: with 2,000 classes forty minutes."""


def answering(seconds: float, classes: int) -> tuple[Stage, ...]:
    """Return the stages of an answer, in a run of so many seconds on so many classes."""
    correcting = (correct_prior,) if seconds >= max(CORRECTED_FROM, CORRECTED_CLASSES * classes**2) else ()
    return (apply_views, combine, calibrate, *correcting, write_predictions, submit)


class PlannedAnswers:
    """Gives answers by what is done.

    Args:
        members: of the run.
        book: the plan.

    Attributes:
        last_seconds: that the last answer took; 0 before the first one.
    """

    def __init__(self, members: PlannedMembers, book: PlanBook) -> None:
        self._members, self._book = members, book
        self._known: tuple[tuple[PlannedUnit, ...], RunState] | None = None
        self.last_seconds = 0.0

    def answer(self) -> Answer:
        """Combine what is done, and replace the submission."""
        began = self._book.deadline.used
        state = self.state()
        self.last_seconds = self._book.deadline.used - began
        oof = made(state.calibrated).predictions.oof
        networks = sum(len(one.results) for one in state.trained.values())
        return Answer(accuracy(state.rows.right(oof), state.rows.group), networks, tuple(state.trained))

    def state(self) -> RunState:
        """Return the state after the stages of an answer by all that is done; it is known until more is done."""
        done = self._book.units("done")
        if self._known is None or self._known[0] != done:
            self._known = done, self._after_stages()
        return self._known[1]

    def _after_stages(self) -> RunState:
        context, plan, state = self._members.context, self._book.plan, self._trained()
        used = {name: plan.members[name] for name in self._book.done()}
        recipe = quick_choice(with_members(context.recipe, used), state, context.table)
        context = replace(context, recipe=recipe)
        for stage in answering(plan.seconds, context.table.class_count):
            state = stage(context, state)
        return state

    def _trained(self) -> RunState:
        """Return the state with all members that have networks; members may have networks of different folds."""
        members = {name: self._members.open(name) for name in self._book.done()}
        return read_planned(self._members.context, replace(self._members.state, members=members), self._book.plan)
