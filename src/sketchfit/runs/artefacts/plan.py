"""The plan of a run with a deadline: what was measured, planned, decided and done, and the working time so far."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from sketchfit.runs.artefact import Artefact, ArtefactPart
from sketchfit.runs.estimates import Estimate

UnitKind = Literal["bank", "network"]
UnitStatus = Literal["waiting", "started", "done", "dropped", "failed"]


class PlannedUnit(ArtefactPart):
    """The smallest piece of work that is planned, recorded and continued.

    Times are seconds of working time since the start of the run; pauses after a kill are not counted.

    Attributes:
        key: `NAME/foldK` of a network; `NAME` of a bank member, whose folds are fitted together.
        kind: a head on frozen features, or a fine-tuned network.
        member: name of the member.
        fold: number of the fold; None: all folds.
        epochs: of the training; 0 for a bank member.
        status: `dropped` where it would not have ended in time; `failed` where its own error ended it.
        estimated, actual: seconds that it was expected to take and took; of a dropped one, that it would have taken.
        gain: expected decrease of the logarithm of the error.
        started_at, ended_at: when.
        reason: why it was dropped or has failed.
    """

    key: str
    kind: UnitKind
    member: str
    fold: int | None = None
    epochs: int = 0
    status: UnitStatus = "waiting"
    estimated: float = 0.0
    actual: float | None = None
    gain: float = 0.0
    started_at: float | None = None
    ended_at: float | None = None
    reason: str = ""


class PlanDecision(ArtefactPart):
    """What was decided, as it was printed.

    Attributes:
        at: seconds of working time.
        text: one sentence without a full stop.
    """

    at: float
    text: str


class PlanAnswer(ArtefactPart):
    """One state of the run's probabilities and of `submission.csv`, which each replaces the one before.

    Attributes:
        at: seconds of working time.
        top1: out-of-fold accuracy of single networks of all members combined.
        networks: number of networks whose test probabilities are combined.
        members: names.
    """

    at: float
    top1: Estimate
    networks: int
    members: tuple[str, ...]


class PlanExpectation(ArtefactPart):
    """An accuracy to expect at the end of a plan: value and ends of an interval, 0 … 1."""

    value: float
    low: float
    high: float


class RunPlan(Artefact):
    """The plan and the log of a run with a deadline.

    Attributes:
        request_seconds: seconds of the last request; 0 in a folder of an earlier version.
        seconds: working time at which the run must end: a further request adds its time to what was used before it.
        until: the time of the day where the user named one, as ISO text; else empty.
        candidates: of the last request; None in a folder of an earlier version.
        quality: `fast`, `good` or `best` where the time was chosen by that; else empty.
        base: settings of the run without members.
        members: settings of each member that was begun, relative to `base`.
        measurements: what was measured on this machine, by name with unit.
        units: in the order in which they were planned.
        decisions: in the order in which they were taken.
        answers: in the order in which they were written.
        expected: accuracy at the end out of fold, as first planned; None where nothing was planned yet.
        networks_at_once: networks that are trained at the same time; 0: not decided yet.
        reserve: seconds kept for the last stages.
        left_out: stages that were left out for lack of time, one clause each.
        finished_at: seconds of working time at the end; None where the run has not ended.
    """

    PLACE = "plan.json"
    request_seconds: float = 0.0
    seconds: float
    until: str = ""
    candidates: tuple[str, ...] | None = None
    quality: str = ""
    base: dict[str, Any] = Field(default={})
    members: dict[str, dict[str, Any]] = Field(default={})
    measurements: dict[str, float] = Field(default={})
    units: tuple[PlannedUnit, ...] = ()
    decisions: tuple[PlanDecision, ...] = ()
    answers: tuple[PlanAnswer, ...] = ()
    expected: PlanExpectation | None = None
    networks_at_once: int = 0
    reserve: float = 0.0
    left_out: tuple[str, ...] = ()
    finished_at: float | None = None

    @property
    def requested(self) -> float:
        """Seconds of the last request."""
        return self.request_seconds or self.seconds


class RunClock(Artefact):
    """Working time of a run with a deadline, written every few seconds.

    Attributes:
        used: seconds since the start of the run's first process, without pauses.
    """

    PLACE = "clock.json"
    used: float
