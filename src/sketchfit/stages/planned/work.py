"""The work of a run with a deadline: its units, and its answers."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sketchfit.models.device import release_cached_memory
from sketchfit.planning.book import PlanBook
from sketchfit.planning.costs import Counts
from sketchfit.planning.deadline import LEAST_SLOW
from sketchfit.planning.execute import Answer, Ended
from sketchfit.planning.ladder import Rung
from sketchfit.planning.options import Options
from sketchfit.planning.pace import Expected, LateError, Pace
from sketchfit.runs.artefacts import PlannedUnit
from sketchfit.stages.context import Member, RunContext, RunState
from sketchfit.stages.planned.answering import PlannedAnswers
from sketchfit.stages.planned.at_once import networks_at_once
from sketchfit.stages.planned.devices import VISIBLE, find_gpus
from sketchfit.stages.planned.failures import failure_of
from sketchfit.stages.planned.members import PlannedMembers
from sketchfit.stages.planned.networks import NetworkTrainer, PlannedTraining
from sketchfit.stages.planned.next_options import NextOptions
from sketchfit.stages.planned.units import discard_unit, reopen_lost, run_bank
from sketchfit.training.plan import make_plan

log = logging.getLogger(__name__)


class RunWork:
    """Runs the units of a plan; implements `planning.execute.Work`.

    Args:
        context: of the run; its recipe has no members.
        state: after the folds are known.
        rungs: members that the run may have.
        book: the plan.

    Attributes:
        has_lost: whether networks of finished units were deleted.
        last_seconds: of the stages after the last answer.
    """

    def __init__(self, context: RunContext, state: RunState, rungs: Sequence[Rung], book: PlanBook) -> None:
        self.context, self.state, self.book = context, state, book
        self._members = PlannedMembers(context, state, rungs, book)
        self._options = NextOptions(self._members, book)
        self._answers = PlannedAnswers(self._members, book)
        gpus = find_gpus(context.engine.device, os.environ.get(VISIBLE))
        at_once = networks_at_once(context, gpus)
        book.change(networks_at_once=min(at_once, book.plan.networks_at_once or at_once))
        self.has_lost = reopen_lost(context.run, book, state.folds)
        self._trainer = NetworkTrainer(
            context, book.plan.networks_at_once, book.deadline.clock, gpus, book.deadline.sleep_counts
        )
        if gpus and self._trainer.at_once > 1:
            log.info(f"{self._trainer.at_once} networks are trained at the same time, each on one GPU")
        self.last_seconds = 0.0

    @property
    def counts(self) -> Counts:
        """Numbers of rows."""
        return self._options.counts

    def options(self) -> Options:
        """Return what can be run next, with the times of now."""
        return self._options.find()

    def settings(self, member: str) -> Mapping[str, Any]:
        """Return the settings of a member, relative to the run's."""
        return self._members.settings(member)

    def reserve(self) -> float:
        """Return the seconds of the last answer and of the stages after it."""
        return 1.3 * self.answer_seconds() + self.last_seconds

    def answer_seconds(self) -> float:
        """Return the seconds that an answer takes: as long as the last one, if that was by several members."""
        expected = 0.0 if len(self.book.done()) > 1 else self.counts.answer_seconds
        return max(self._answers.last_seconds, expected)

    def answer(self) -> Answer:
        """Combine what is done, and replace the submission."""
        return self._answers.answer()

    def answered(self) -> RunState:
        """Return the state after the stages of an answer by all that is done."""
        return self._answers.state()

    def write_recipe(self) -> None:
        """Write the recipe with the members that were begun."""
        self._members.write_recipe()

    def run(self, units: Sequence[PlannedUnit], allowed: Callable[[], float], ended: Ended) -> None:
        """Run or continue units; see `planning.execute.Work`."""
        self.write_recipe()
        if units[0].kind == "network":
            self._run_networks(units, allowed, ended)
            return
        (unit,) = units
        self._run_bank(unit, allowed, ended)

    def discard(self, unit: PlannedUnit) -> None:
        """Delete what a unit has written, and forget a member without networks."""
        discard_unit(self.context.run, unit)
        self.book.forget_unused()
        self.write_recipe()

    def stop(self) -> None:
        """End the processes that train networks."""
        self._trainer.stop()

    def _run_networks(self, units: Sequence[PlannedUnit], allowed: Callable[[], float], ended: Ended) -> None:
        """Train networks; fewer at the same time from now on where a process was lost."""
        trainings = [found for unit in units if (found := self._ready(unit, ended)) is not None]
        self._trainer.train(trainings, allowed, ended)
        if self._trainer.at_once != self.book.plan.networks_at_once:
            self.book.change(networks_at_once=self._trainer.at_once)
            self._options.forget_rates()

    def _run_bank(self, unit: PlannedUnit, allowed: Callable[[], float], ended: Ended) -> None:
        """Fit the heads of all folds on frozen features."""
        try:
            member = self._members.open(unit.member)
            run_bank(self.context, member, self.state, self._pace_of_pass(unit, allowed))
        except LateError as error:
            ended(unit, error)
        except Exception as error:
            if not self.book.plan.answers:  # without the first answer there is nothing to continue with
                raise
            self._failed(unit, error, ended)
        else:
            ended(unit, None)

    def _ready(self, unit: PlannedUnit, ended: Ended) -> PlannedTraining | None:
        """Return the training of a unit; None where its images cannot be read or stored, and it has failed."""
        try:
            return self._training(unit)
        except Exception as error:
            self._failed(unit, error, ended)
            return None

    def _failed(self, unit: PlannedUnit, error: Exception, ended: Ended) -> None:
        """Report a unit as failed, or raise an error that is not of this unit alone."""
        failure = failure_of(error, self._members.recipe(unit.member).model)
        if failure is None:
            raise error
        ended(unit, failure)
        release_cached_memory(self.context.engine.device)

    def _training(self, unit: PlannedUnit) -> PlannedTraining:
        """Return the training of a unit."""
        fold = next(one for one in self.state.folds if one.number == unit.fold)
        member = _with_epochs(self._members.open(unit.member), unit.epochs)
        updates = sum(epoch.updates for epoch in make_plan(member.recipe, len(fold.train)).epochs)
        option = next((one for one in self.options().networks if one.name == unit.member), None)
        step, after = (option.epoch / option.updates, option.after) if option is not None else (0.0, 0.0)
        return PlannedTraining(unit, member, fold, Expected(updates, step, after))

    def _pace_of_pass(self, unit: PlannedUnit, allowed: Callable[[], float]) -> Pace:
        """Return the pace of a bank member's passes; the first answer is computed in any case, without rates."""
        clock = self.book.deadline.clock
        if not self.book.plan.answers:
            return Pace(Expected(self.counts.images, 0.0, 0.0), lambda: math.inf, clock)
        return Pace(self._expected_pass(unit), allowed, clock)

    def _expected_pass(self, unit: PlannedUnit) -> Expected:
        """Return what the passes of a bank member over the images are expected to take."""
        rung = self._members.rungs.get(unit.member)
        option = next((one for one in self.options().banks if one.name == unit.member), None)
        images = self.counts.images * (1 if rung is None else rung.passes)
        after = 0.0 if option is None or option.after is None else LEAST_SLOW * option.after
        return Expected(images, 0.0, after)  # how fast the pass is does not affect the heads


def _with_epochs(member: Member, epochs: int) -> Member:
    """Return a member whose networks are trained for so many epochs."""
    training = member.recipe.training.model_copy(update={"epochs": epochs})
    return replace(member, recipe=member.recipe.model_copy(update={"training": training}))
