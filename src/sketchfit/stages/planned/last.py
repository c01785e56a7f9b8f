"""The end of a run with a deadline: the last answer, the claim and the report, as far as there is time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from sketchfit.config.recipe import Recipe
from sketchfit.planning.book import PlanBook
from sketchfit.planning.deadline import AIM, LATEST
from sketchfit.runs.finished import mark_finished
from sketchfit.stages import after_training
from sketchfit.stages.callbacks import report_outcome
from sketchfit.stages.claim import claim
from sketchfit.stages.context import RunContext, RunState, Stage, made
from sketchfit.stages.planned.start import with_members
from sketchfit.stages.planned.work import RunWork
from sketchfit.stages.products import RunResult
from sketchfit.stages.report import report
from sketchfit.stages.summarise import summarise
from sketchfit.wording import duration

SHARE = 0.05
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
        by_networks: seconds per image, up to `after_training.CHANGED` images.
    """

    stage: Stage
    name: str
    time: str
    start: float
    per_image: float
    later: str
    by_networks: float = 0.0

    @property
    def left_out(self) -> str:
        """One clause for a run without it."""
        return f"{self.name} is left out, as there is no time for it ({self.later})"

    def seconds(self, images: int) -> float:
        """Return the time that it is expected to take."""
        return after_training.stage_seconds((self.start, self.per_image), self.by_networks, images)

    def seconds_of_networks(self, images: int) -> float:
        """Return the part of this time in which networks compute."""
        return self.seconds(images) - replace(self, by_networks=0.0).seconds(images)


CLAIM = LastStage(claim, "the claim for the test rows", "claim", *after_training.CLAIM, "give the run more time")
REPORT = LastStage(report, "the report", "report", *after_training.REPORT, "sketchfit report RUN writes it")


def last_stages(recipe: Recipe) -> tuple[LastStage, ...]:
    """Return the stages that a recipe wants, with their times."""
    claims = replace(CLAIM, by_networks=after_training.claim_by_networks(recipe))
    reports = replace(REPORT, by_networks=after_training.report_by_networks(recipe))
    return (claims,) * recipe.claim.enabled + (reports,) * recipe.report.enabled


def with_time_for(wanted: Sequence[LastStage], images: int, seconds: float) -> tuple[LastStage, ...]:
    """Return the stages that take a small part of a run's time."""
    return tuple(one for one in wanted if one.seconds(images) <= SHARE * seconds)


def plan_last(work: RunWork) -> tuple[LastStage, ...]:
    """Return the stages that have time, and reserve it. What an earlier request left out is decided again."""
    images, wanted = work.counts.images, last_stages(work.context.recipe)
    used = with_time_for(wanted, images, work.book.plan.seconds)
    open_again = {one.left_out for one in used}
    work.book.change(left_out=tuple(text for text in work.book.plan.left_out if text not in open_again))
    for one in wanted:
        if one not in used:
            _leave_out(work, one)
    work.last_seconds = sum(one.seconds(images) for one in used)
    work.book.change(reserve=round(work.reserve(), 1))
    return used


def finish(work: RunWork, last: tuple[LastStage, ...], *, complete: bool) -> RunResult:
    """Write the last answer and what there is time for; all of `last` where an earlier process was `complete`."""
    book = work.book
    with work.context.clock.measure("inference"):
        state = work.answered()
    context = replace(work.context, recipe=with_members(work.context.recipe, book.plan.members))
    by_name = {one.time: one for one in last}
    if CLAIM.time in by_name:
        one = by_name[CLAIM.time] if complete else limited_claim(work, by_name[CLAIM.time], by_name.get(REPORT.time))
        state = _in_time(work, one, context, state, complete)
    state = summarise(context, state)
    book.expect((), None)
    mark_finished(context.run)
    book.change(finished_at=round(book.deadline.used, 2))
    if REPORT.time in by_name:
        state = _in_time(work, by_name[REPORT.time], context, state, complete)
    state = report_outcome(context, state)
    book.change(finished_at=round(book.deadline.used, 2))
    if not complete and (line := late_line(book)):
        book.decide(line)
    return made(state.result)


def limited_claim(work: RunWork, planned: LastStage, reporting: LastStage | None) -> LastStage:
    """Return the claim with a limit of the time of its simulated shifts, which leaves the report its reserve.

    They may take what is left until the planned end, and at least their own reserve, unless the report would be late.

    Args:
        work: of the run.
        planned: the claim with its reserve.
        reporting: the report; None: there is none.
    """
    images, until = work.counts.images, work.book.deadline.until
    plain = replace(planned, by_networks=0.0)
    others = plain.seconds(images) + (reporting.seconds(images) if reporting is not None else 0.0)
    wanted = max(planned.seconds_of_networks(images), until(AIM) - others)
    return replace(plain, stage=partial(claim, seconds=max(0.0, min(wanted, until(LATEST) - others))))


def late_line(book: PlanBook) -> str:
    """Return by how much a run has ended late, and whether its first answer is the cause; empty if it is in time."""
    late = -book.deadline.until(1.0)
    if late <= 0:
        return ""
    line, first = f"ended {duration(late)} late", book.plan.answers[0].at
    too_short = len(book.plan.answers) == 1 and first > AIM * book.plan.seconds
    return f"{line}, because the first answer took {duration(first)}" if too_short else line


def _in_time(work: RunWork, one: LastStage, context: RunContext, state: RunState, complete: bool) -> RunState:
    """Run a stage if it ends in time."""
    if not complete and one.seconds(work.counts.images) > work.book.deadline.until(LATEST):
        _leave_out(work, one)
        return state
    with context.clock.measure(one.time):
        return one.stage(context, state)


def _leave_out(work: RunWork, one: LastStage) -> None:
    if one.left_out not in work.book.plan.left_out:
        work.book.change(left_out=(*work.book.plan.left_out, one.left_out))
        work.book.decide(one.left_out)
