"""The work of a run with a deadline: members that are opened when they are needed, units, and answers."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from sketchfit.config.recipe import Recipe
from sketchfit.data.folds import Fold
from sketchfit.data.stores import cache_folder, is_stored, store_settings
from sketchfit.inference.intervals import accuracy
from sketchfit.models.device import release_cached_memory
from sketchfit.planning.book import PlanBook
from sketchfit.planning.costs import DOUBT, Counts, Rates, bank_option, network_option, rates_of, ratio_of
from sketchfit.planning.deadline import LEAST_SLOW
from sketchfit.planning.execute import Answer, Ended
from sketchfit.planning.ladder import Rung, measured_priors
from sketchfit.planning.options import BankOption, NetworkOption, Options
from sketchfit.planning.pace import Expected, LateError, Pace
from sketchfit.runs.artefacts import PlannedUnit
from sketchfit.stages.apply_views import apply_views
from sketchfit.stages.calibrate import calibrate
from sketchfit.stages.combine import combine
from sketchfit.stages.context import Member, RunContext, RunState, Stage, made
from sketchfit.stages.decode import open_members
from sketchfit.stages.directions import with_directions
from sketchfit.stages.planned.at_once import networks_at_once
from sketchfit.stages.planned.devices import VISIBLE, find_gpus
from sketchfit.stages.planned.failures import failure_of
from sketchfit.stages.planned.measure import measure_rates
from sketchfit.stages.planned.networks import NetworkTrainer, PlannedTraining
from sketchfit.stages.planned.quick_choice import quick_choice
from sketchfit.stages.planned.start import member_of, with_members
from sketchfit.stages.planned.units import discard_unit, reopen_lost, run_bank
from sketchfit.stages.prior import correct_prior
from sketchfit.stages.start_weights import check_start_weights
from sketchfit.stages.submit import submit
from sketchfit.stages.train import read_planned
from sketchfit.stages.write_predictions import write_predictions
from sketchfit.training.fold import read_fold
from sketchfit.training.plan import make_plan

log = logging.getLogger(__name__)

CORRECTED_FROM = 600.0
"""Seconds of a run from which its answers are corrected for class frequencies or matched to them: that takes seconds
per answer, with thousands of drawings of hundreds of classes."""

CORRECTED_CLASSES = 6e-4
"""The same, per squared number of classes: with 2,000 classes forty minutes."""


def answering(seconds: float, classes: int) -> tuple[Stage, ...]:
    """Return the stages of an answer, in a run of so many seconds on so many classes."""
    correcting = (correct_prior,) if seconds >= max(CORRECTED_FROM, CORRECTED_CLASSES * classes**2) else ()
    return (apply_views, combine, calibrate, *correcting, write_predictions, submit)


class RunWork:
    """Runs the units of a plan; implements `planning.execute.Work`.

    Args:
        context: of the run; its recipe has no members.
        state: after the folds are known.
        rungs: members that the run may have.
        book: the plan.
    """

    def __init__(self, context: RunContext, state: RunState, rungs: Sequence[Rung], book: PlanBook) -> None:
        self.context, self.state, self.book = context, state, book
        self._rungs = {rung.name: rung for rung in rungs}
        self._members: dict[str, Member] = {}
        self._first = next(iter(state.members.values()))
        self._measured: dict[str, float] = {}
        self._stored: dict[int, bool] = {}
        self._answer_seconds = 0.0
        self._answered: tuple[tuple[PlannedUnit, ...], RunState] | None = None
        gpus = find_gpus(context.engine.device, os.environ.get(VISIBLE))
        at_once = networks_at_once(context, gpus)
        book.change(networks_at_once=min(at_once, book.plan.networks_at_once or at_once))
        self.has_lost = reopen_lost(context.run, book, state.folds)
        """Whether networks of finished units were deleted."""
        sleep_counts = book.deadline.sleep_counts
        self._trainer = NetworkTrainer(context, book.plan.networks_at_once, self._clock, gpus, sleep_counts)
        if gpus and self._trainer.at_once > 1:
            log.info(f"{self._trainer.at_once} networks are trained at the same time, each on one GPU")
        self.last_seconds = 0.0
        """Of the stages after the last answer."""

    @property
    def counts(self) -> Counts:
        """Numbers of rows."""
        folds, recipe = self.state.folds, self.context.recipe
        train, valid = (int(np.mean([len(part) for part in parts])) for parts in _parts(folds))
        return Counts(train, valid, len(self.context.table.test), len(folds), recipe.training.batch)

    def options(self) -> Options:
        """Return what can be run next. Rates are measured once the first answer is there, or an earlier unit."""
        if not self.book.plan.units:
            first = next(rung for rung in self._rungs.values() if rung.kind == "bank")
            return Options([BankOption(first.name, 0.0, first.size)], [], self._numbers)
        ratios, counts, done = self.book.ratios(), self.counts, self._done()
        failed = {unit.member for unit in self.book.units("failed")}
        priors = measured_priors(list(self._rungs.values()), self._accuracies())
        banks, networks = [], []
        for name, rung in self._rungs.items():
            if rates_of(rung, self.rates) is None or (rung.kind == "bank" and name in failed):
                continue
            rates, ratio = self._rates(rung), ratio_of(ratios, name, rung.kind)
            if rung.kind == "bank":
                banks.append(bank_option(rung, rates, counts, ratio, name in done))
            else:
                option = self._network(rung, rates, ratio, done.get(name, ()))
                networks.append(replace(option, prior=priors[rung.backbone.name]))
        plan = self.book.plan
        return Options(
            banks, networks, self._numbers, bool(plan.answers), plan.networks_at_once, self.counts.least_folds
        )

    def _network(self, rung: Rung, rates: Rates, ratio: float, done: Sequence[PlannedUnit]) -> NetworkOption:
        """Return a network member with its estimated times and its finished folds."""
        views = 1 + len(self.settings(rung.name).get("inference", {}).get("views", ()))
        option = network_option(rung, rates, self.counts, ratio, tuple(unit.epochs for unit in done), views)
        return replace(
            option,
            folds_done=tuple(unit.fold for unit in done if unit.fold is not None),
            doubt=1.0 if done else DOUBT,
            failed=any(unit.member == rung.name for unit in self.book.units("failed")),
        )

    @cached_property
    def rates(self) -> Mapping[str, Rates]:
        """Of each backbone, by its name."""
        return measure_rates(self.context, list(self._rungs.values()), self.book, self.counts)

    @property
    def _clock(self) -> Callable[[], float]:
        return self.book.deadline.clock

    @property
    def _numbers(self) -> tuple[int, ...]:
        return tuple(fold.number for fold in self.state.folds)

    def settings(self, member: str) -> Mapping[str, Any]:
        """Return the settings of a member, relative to the run's."""
        begun = self.book.plan.members
        return begun[member] if member in begun else self._rungs[member].settings

    def reserve(self) -> float:
        """Return the seconds of the last answer and of the stages after it."""
        return 1.3 * self.answer_seconds() + self.last_seconds

    def answer_seconds(self) -> float:
        """Return the seconds that an answer takes: as long as the last one, if that was by several members."""
        expected = 0.0 if len(self._done()) > 1 else self.counts.answer_seconds
        return max(self._answer_seconds, expected)

    def run(self, units: Sequence[PlannedUnit], allowed: Callable[[], float], ended: Ended) -> None:
        """Run or continue units; see `planning.execute.Work`."""
        self.write_recipe()
        if units[0].kind == "network":
            trainings = [found for unit in units if (found := self._ready(unit, ended)) is not None]
            self._trainer.train(trainings, allowed, ended)
            if self._trainer.at_once != self.book.plan.networks_at_once:
                self.book.change(networks_at_once=self._trainer.at_once)
                vars(self).pop("rates", None)  # they are those of networks at the same time
            return
        (unit,) = units
        try:
            run_bank(self.context, self.member(unit.member), self.state, self._pace_of_pass(unit, allowed))
        except LateError as error:
            ended(unit, error)
        except Exception as error:
            if not self.book.plan.answers:  # without the first answer there is nothing to continue with
                raise
            self._failed(unit, error, ended)
        else:
            ended(unit, None)

    def stop(self) -> None:
        """End the processes that train networks."""
        self._trainer.stop()

    def _ready(self, unit: PlannedUnit, ended: Ended) -> PlannedTraining | None:
        """Return the training of a unit; None where its images cannot be read or stored, and it has failed."""
        try:
            return self._training(unit)
        except Exception as error:
            self._failed(unit, error, ended)
            return None

    def _failed(self, unit: PlannedUnit, error: Exception, ended: Ended) -> None:
        """Report a unit as failed, or raise an error that is not of this unit alone."""
        failure = failure_of(error, self._recipe(unit.member).model)
        if failure is None:
            raise error
        ended(unit, failure)
        release_cached_memory(self.context.engine.device)

    def _training(self, unit: PlannedUnit) -> PlannedTraining:
        """Return the training of a unit."""
        member = self.member(unit.member)
        fold = next(one for one in self.state.folds if one.number == unit.fold)
        training = member.recipe.training.model_copy(update={"epochs": unit.epochs})
        member = replace(member, recipe=member.recipe.model_copy(update={"training": training}))
        updates = sum(epoch.updates for epoch in make_plan(member.recipe, len(fold.train)).epochs)
        option = next((one for one in self.options().networks if one.name == unit.member), None)
        step, after = (option.epoch / option.updates, option.after) if option is not None else (0.0, 0.0)
        return PlannedTraining(unit, member, fold, Expected(updates, step, after))

    def _pace_of_pass(self, unit: PlannedUnit, allowed: Callable[[], float]) -> Pace:
        """Return the pace of a bank member's passes; the first answer is computed in any case, without rates."""
        if not self.book.plan.answers:
            return Pace(Expected(self.counts.images, 0.0, 0.0), lambda: math.inf, self._clock)
        return Pace(self._expected_pass(unit), allowed, self._clock)

    def _expected_pass(self, unit: PlannedUnit) -> Expected:
        """Return what the passes of a bank member over the images are expected to take."""
        rung = self._rungs.get(unit.member)
        option = next((one for one in self.options().banks if one.name == unit.member), None)
        images = self.counts.images * (1 if rung is None else rung.passes)
        after = 0.0 if option is None or option.after is None else LEAST_SLOW * option.after
        return Expected(images, 0.0, after)  # how fast the pass is does not affect the heads

    def discard(self, unit: PlannedUnit) -> None:
        """Delete what a unit has written, and forget a member without networks."""
        discard_unit(self.context.run, unit)
        self.book.forget_unused()
        self.write_recipe()

    def answer(self) -> Answer:
        """Combine what is done, and replace the submission."""
        began = self.book.deadline.used
        state = self.answered()
        self._answer_seconds = self.book.deadline.used - began
        oof = made(state.calibrated).predictions.oof
        networks = sum(len(one.results) for one in state.trained.values())
        return Answer(accuracy(state.rows.right(oof), state.rows.group), networks, tuple(state.trained))

    def answered(self) -> RunState:
        """Return the state after the stages of an answer by all that is done."""
        done = self.book.units("done")
        if self._answered is None or self._answered[0] != done:
            state = self.trained()
            recipe = quick_choice(with_members(self.context.recipe, self._used()), state, self.context.table)
            context = replace(self.context, recipe=recipe)
            for stage in answering(self.book.plan.seconds, self.context.table.class_count):
                state = stage(context, state)
            self._answered = done, state
        return self._answered[1]

    def trained(self) -> RunState:
        """Return the state with all members that have networks; members may have networks of different folds."""
        members = {name: self.member(name) for name in self._done()}
        return read_planned(self.context, replace(self.state, members=members), self.book.plan)

    def member(self, name: str) -> Member:
        """Return a member with its images, opened when it is first used."""
        if name not in self._members:
            recipe = self._recipe(name)
            check_start_weights(self.context, {name: recipe}, self.state.folds, self.state.group, self.state.relation)
            opened = open_members(self.context, {name: recipe})[name]
            self._stored[recipe.model.size] = True
            both = {"": self._first, name: opened}
            self._members[name] = with_directions(self.context, both, self.state.group)[name]
        return self._members[name]

    def _recipe(self, name: str) -> Recipe:
        """Return the recipe of a member."""
        return member_of(self.context.recipe, self.settings(name), name)

    def write_recipe(self) -> None:
        """Write the recipe with the members that were begun."""
        self.context.run.write_recipe(with_members(self.context.recipe, self.book.plan.members))

    def _rates(self, rung: Rung) -> Rates:
        """Return the rates of a member's backbone; nothing is decoded where the images of this size are stored."""
        if rung.size not in self._stored:
            recipe = member_of(self.context.recipe, rung.settings, rung.name)
            rows, settings = len(self.context.table.train), store_settings(recipe)
            self._stored[rung.size] = is_stored(cache_folder(recipe), settings, rows)
        return self.rates[rung.backbone.name].without_decoding(self._stored[rung.size])

    def _accuracies(self) -> dict[str, float]:
        """Return the out-of-fold accuracy of each finished bank member."""
        label = self.context.table.label
        for name, units in self._done().items():
            if units[0].kind == "bank" and name not in self._measured:
                found = [read_fold(self.context.run.network(name, fold.number)) for fold in self.state.folds]
                right = [one.oof.argmax(axis=1) == label[one.rows] for one in found]
                self._measured[name] = float(np.concatenate(right).mean())
        return self._measured

    def _used(self) -> dict[str, Mapping[str, Any]]:
        return {name: self.book.plan.members[name] for name in self._done()}

    def _done(self) -> dict[str, list[PlannedUnit]]:
        """Return the finished units of each member."""
        found: dict[str, list[PlannedUnit]] = {}
        for unit in self.book.units("done"):
            found.setdefault(unit.member, []).append(unit)
        return found


def _parts(folds: Sequence[Fold]) -> tuple[list[Any], list[Any]]:
    return [fold.train for fold in folds], [fold.valid for fold in folds]
