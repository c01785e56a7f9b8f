"""The end of a run with a deadline: the last answer, the claim and the report, as far as there is time."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sketchfit.planning.deadline import LATEST
from sketchfit.stages.callbacks import report_outcome
from sketchfit.stages.claim import claim
from sketchfit.stages.context import RunContext, RunState, Stage, made
from sketchfit.stages.planned.start import with_members
from sketchfit.stages.planned.work import RunWork
from sketchfit.stages.products import RunResult
from sketchfit.stages.report import report
from sketchfit.stages.summarise import summarise

SHARE = 0.08
"""Of the time that each of these stages may take."""


@dataclass(frozen=True)
class LastStage:
    """A stage that is left out where there is no time for it.

    Attributes:
        stage: the function.
        name: in messages.
        time: name under which its time is shown.
        start, per_image: seconds.
        later: what makes up for it.
    """

    stage: Stage
    name: str
    time: str
    start: float
    per_image: float
    later: str

    def seconds(self, images: int) -> float:
        """Return the time that it is expected to take."""
        return self.start + self.per_image * images


CLAIM = LastStage(claim, "the claim for the test rows", "claim", 2.0, 4e-3, "give the run more time")
REPORT = LastStage(report, "the report", "report", 12.0, 4e-3, "sketchfit report RUN writes it")


def plan_last(work: RunWork) -> tuple[LastStage, ...]:
    """Return the stages that have time, and reserve it."""
    context, plan = work.context, work.book.plan
    wanted = [
        stage for stage, on in ((CLAIM, context.recipe.claim.enabled), (REPORT, context.recipe.report.enabled)) if on
    ]
    images = work.counts.images
    used = tuple(one for one in wanted if one.seconds(images) <= SHARE * plan.seconds)
    for one in wanted:
        if one not in used:
            _leave_out(work, one)
    work.last_seconds = sum(one.seconds(images) for one in used)
    work.book.change(reserve=round(work.reserve(), 1))
    return used


def finish(work: RunWork, last: tuple[LastStage, ...]) -> RunResult:
    """Write the last answer and what there is time for."""
    book = work.book
    if not book.units("done"):
        raise RuntimeError("no unit is finished")
    with work.context.clock.measure("inference"):
        state = work.answered(work.context)
    context = replace(work.context, recipe=with_members(work.context.recipe, book.plan.members))
    if CLAIM in last:
        state = _in_time(work, CLAIM, context, state)
    state = summarise(context, state)
    book.change(finished_at=round(book.deadline.used, 2))
    if REPORT in last:
        state = _in_time(work, REPORT, context, state)
    state = report_outcome(context, state)
    book.change(finished_at=round(book.deadline.used, 2))
    return made(state.result)


def _in_time(work: RunWork, one: LastStage, context: RunContext, state: RunState) -> RunState:
    """Run a stage if it ends in time."""
    if one.seconds(work.counts.images) > work.book.deadline.until(LATEST):
        _leave_out(work, one)
        return state
    with context.clock.measure(one.time):
        return one.stage(context, state)


def _leave_out(work: RunWork, one: LastStage) -> None:
    text = f"{one.name} is left out, as there is no time for it ({one.later})"
    if text not in work.book.plan.left_out:
        work.book.change(left_out=(*work.book.plan.left_out, text))
        work.book.decide(text)
