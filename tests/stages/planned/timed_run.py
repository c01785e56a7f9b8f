"""Runs with a deadline of tiny networks; the clock moves by a fixed step each time it is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sketchfit.commands.run_in_time import planned_recipe
from sketchfit.config.load import load_recipe
from sketchfit.planning.goal import Goal
from sketchfit.stages.planned import measure
from sketchfit.stages.planned.run import run_planned
from sketchfit.stages.planned.start import start_planned
from sketchfit.stages.products import RunResult
from sketchfit.stages.start import RunRequest
from sketchfit.tracking.dispatcher import Dispatcher
from sketchfit.training.step_rates import StepRates
from tests.factories import tiny_recipe

SECONDS = 14.0
"""Of a run: a first answer and a few networks, by the clock below."""


class Interrupted(BaseException):
    """The process ends; nothing catches it."""


@dataclass
class Steps:
    """A clock that moves by 50 ms each time it is read."""

    until: float = float("inf")
    now: float = field(default=0.0)

    def __call__(self) -> float:
        self.now += 0.05
        if self.now > self.until:
            raise Interrupted
        return self.now


def set_rates(patch: pytest.MonkeyPatch) -> None:
    """Known rates: a step of 8 images takes about as long as one reading of the clock; no heartbeat reads it.

    Sides of the input are three eighths of the usual ones.
    """
    patch.setattr(measure, "measure_steps", lambda *_: StepRates(training=0.006, prediction=0.002, maps=0.0))
    patch.setattr(measure, "TRIAL_SECONDS", 0.0)
    patch.setattr("sketchfit.planning.deadline.HEARTBEAT", 1e6)
    patch.setattr("sketchfit.planning.costs.OVERHEAD", 0.2)
    patch.setattr("sketchfit.planning.ladder.SIZES", (36, 48, 60))
    patch.setattr("sketchfit.planning.ladder.QUICK", 48)
    patch.setattr("sketchfit.stages.planned.prepare.own_input_size", lambda _: 60)


def start_run(data: Path, out: Path, clock: Steps, seconds: float = SECONDS, **changes: Any) -> RunResult:
    """Start or continue a run of tiny networks."""
    settings = load_recipe(planned_recipe(tiny_recipe()), {"folds": {"k": 3}, **changes})
    goal = Goal(seconds)
    return run_planned(start_planned(RunRequest(data, settings, out), goal, Dispatcher(), clock), goal)
