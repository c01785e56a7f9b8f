"""A run with a deadline, from its open folder to its result."""

from __future__ import annotations

from sketchfit.activity import outlook
from sketchfit.planning.deadline import heartbeat, left_of
from sketchfit.planning.execute import execute
from sketchfit.planning.goal import Goal
from sketchfit.stages.planned.last import finish, plan_last
from sketchfit.stages.planned.prepare import prepare
from sketchfit.stages.planned.start import PlannedStart
from sketchfit.stages.products import RunResult


def run_planned(start: PlannedStart, goal: Goal) -> RunResult:
    """Run until the deadline.

    Raises:
        UserError: a mistake in the candidates, the images or the folds.
    """
    with heartbeat(start.book.deadline, start.book.folder), outlook(lambda: left_of(start.book.deadline)):
        work = prepare(start.context, goal, start.book)
        start.record()
        last = plan_last(work)
        if not start.complete or work.has_lost:
            try:
                with start.context.clock.measure("units"):
                    execute(start.book, work)
            finally:
                work.stop()
        return finish(work, last, complete=start.complete)
