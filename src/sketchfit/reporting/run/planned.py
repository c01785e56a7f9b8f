"""Section "Plan" of a run with a deadline: what was expected, what was done when, and what was left out."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sketchfit.reporting.run.page_section import PageSection, page_section
from sketchfit.reporting.run.plan_charts import answers_chart, timeline_chart
from sketchfit.runs.artefacts import PlannedUnit, RunClock, RunPlan
from sketchfit.runs.run import Run

_ORDER = ("done", "started", "dropped", "failed", "waiting")


@dataclass(frozen=True)
class UnitLine:
    """A line of the table of units.

    Attributes:
        unit: as it is recorded.
        ratio: actual over estimated time of a unit that is done; else None.
    """

    unit: PlannedUnit
    ratio: float | None

    @property
    def fewer_errors(self) -> float:
        """Share of the errors before it that it was expected to avoid, when it was planned."""
        return 1 - math.exp(-self.unit.gain)


def plan_section(run: Run) -> PageSection | None:
    """Render the section; None for a run without a deadline."""
    plan = run.plan
    if plan is None:
        return None
    used = used_seconds(plan, RunClock.find(run.path))
    statuses = [one.status for one in plan.units]
    return page_section(
        "plan",
        "Plan",
        plan=plan,
        used=used,
        share=used / plan.seconds,
        ended=plan.finished_at is not None,
        counts={name: statuses.count(name) for name in _ORDER if name in statuses},
        reached=plan.answers[-1] if plan.answers else None,
        first=plan.answers[0] if plan.answers else None,
        timeline=timeline_chart(plan, used),
        answers=answers_chart(plan, used),
        lines=unit_lines(plan),
        dropped=[one for one in plan.units if one.status in ("dropped", "failed")],
    )


def used_seconds(plan: RunPlan, clock: RunClock | None) -> float:
    """Return the working time: at the end, else as far as it is recorded."""
    if plan.finished_at is not None:
        return plan.finished_at
    times = [0.0, *(one.at for one in plan.answers), *(one.at for one in plan.decisions)]
    return max([*times, clock.used if clock else 0.0])


def unit_lines(plan: RunPlan) -> list[UnitLine]:
    """Return all units: those that were started by their start, then the others as planned."""

    def ratio(one: PlannedUnit) -> float | None:
        done = one.status == "done" and one.actual is not None and one.estimated > 0
        return (one.actual or 0.0) / one.estimated if done else None

    units = sorted(plan.units, key=lambda one: (one.started_at is None, one.started_at or 0.0))
    return [UnitLine(one, ratio(one)) for one in units]
