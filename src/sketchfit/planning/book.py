"""The plan of a run in memory and on disk: every decision is written before it takes effect."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sketchfit.planning.deadline import WorkingTime
from sketchfit.planning.ratios import ratios_of
from sketchfit.runs.artefacts import PlanAnswer, PlanDecision, PlanExpectation, PlannedUnit, RunPlan
from sketchfit.runs.estimates import Estimate
from sketchfit.wording import counted

log = logging.getLogger(__name__)


class PlanBook:
    """Keeps `plan.json` of a run's folder.

    Args:
        folder: of the run.
        plan: as it is on disk, or a new one.
        deadline: gives the times.

    Attributes:
        unsure: measurements that other processes disturbed, by name: they are used and not written.
    """

    def __init__(self, folder: Path, plan: RunPlan, deadline: WorkingTime) -> None:
        self.folder, self.plan, self.deadline = folder, plan, deadline
        self.unsure: dict[str, float] = {}

    def change(self, **fields: Any) -> None:
        """Write the plan with some fields changed."""
        self.plan = self.plan.model_copy(update=fields)
        self.plan.write(self.folder)

    def measured(self, name: str) -> float | None:
        """Return what was measured on this machine; None where it was not."""
        return self.plan.measurements.get(name, self.unsure.get(name))

    def decide(self, text: str) -> None:
        """Write and print a decision."""
        log.info(f"[{self.deadline.used:.0f} s] {text}")
        self.change(decisions=(*self.plan.decisions, PlanDecision(at=self._now, text=text)))

    def begin(
        self, units: Sequence[PlannedUnit], settings: Mapping[str, Mapping[str, Any]], text: str
    ) -> tuple[PlannedUnit, ...]:
        """Write that units are started; `settings` are those of their members, by name."""
        started = tuple(unit.model_copy(update={"status": "started", "started_at": self._now}) for unit in units)
        members = {**self.plan.members, **{name: dict(one) for name, one in settings.items()}}
        begun = self.units("started", "done", "dropped", "failed")
        self.plan = self.plan.model_copy(update={"members": members, "units": (*begun, *started)})
        self.decide(text)
        return started

    def end(self, unit: PlannedUnit, actual: float) -> None:
        """Write that a unit is done."""
        self._replace(unit, {"status": "done", "ended_at": self._now, "actual": round(actual, 2)})

    def drop(self, unit: PlannedUnit, reason: str, actual: float) -> None:
        """Write that a unit is dropped, before its files are deleted; `actual` is the time that it would have taken."""
        log.info(f"[{self.deadline.used:.0f} s] {unit.key} is dropped: {reason}")
        self._replace(unit, {"status": "dropped", "ended_at": self._now, "reason": reason, "actual": round(actual, 2)})

    def reopen(self, unit: PlannedUnit) -> None:
        """Write that a unit which was done has to be run again: its files were deleted."""
        log.info(f"{unit.key} is run again: its files are not there any more")
        self._replace(unit, {"status": "started", "started_at": None, "ended_at": None, "actual": None})

    def fail(self, unit: PlannedUnit, reason: str) -> None:
        """Write that a unit has failed, before its files are deleted."""
        log.warning(f"[{self.deadline.used:.0f} s] {unit.key} has failed, and the plan continues without it: {reason}")
        self._replace(unit, {"status": "failed", "ended_at": self._now, "reason": reason})

    def forget_unused(self) -> None:
        """Remove the settings of members of which no unit is started or done."""
        used = {unit.member for unit in self.units("started", "done")}
        self.change(members={name: one for name, one in self.plan.members.items() if name in used})

    def answered(self, top1: Estimate, networks: int, members: Sequence[str]) -> None:
        """Write that the run's probabilities and its submission were replaced."""
        log.info(f"[{self.deadline.used:.0f} s] answer of {counted(networks, 'network')}: out-of-fold top-1 {top1}")
        answer = PlanAnswer(at=self._now, top1=top1, networks=networks, members=tuple(members))
        self.change(answers=(*self.plan.answers, answer))

    def expect(self, waiting: Sequence[PlannedUnit], expected: PlanExpectation | None) -> None:
        """Write the units that are expected to follow, and the first expectation of the out-of-fold accuracy."""
        units = (*self.units("started", "done", "dropped", "failed"), *waiting)
        if self.plan.expected is None and expected is not None:
            log.info(
                f"[{self.deadline.used:.0f} s] expected at the end, out of fold: about {100 * expected.value:.0f} % "
                f"({100 * expected.low:.0f} to {100 * expected.high:.0f})"
            )
            self.change(expected=expected, units=units)
        else:
            self.change(units=units)

    def units(self, *status: str) -> tuple[PlannedUnit, ...]:
        """Return the units with one of these statuses."""
        return tuple(unit for unit in self.plan.units if unit.status in status)

    def done(self) -> dict[str, list[PlannedUnit]]:
        """Return the finished units of each member, in their order."""
        found: dict[str, list[PlannedUnit]] = {}
        for unit in self.units("done"):
            found.setdefault(unit.member, []).append(unit)
        return found

    def _replace(self, unit: PlannedUnit, fields: Mapping[str, Any]) -> None:
        changed = tuple(one.model_copy(update=dict(fields)) if one == unit else one for one in self.plan.units)
        self.change(units=changed)

    def ratios(self) -> dict[str, float]:
        """Return the last ratio of actual to estimated time of each member, and of each kind of unit."""
        return ratios_of(self.plan.units)

    @property
    def _now(self) -> float:
        return round(self.deadline.used, 2)
