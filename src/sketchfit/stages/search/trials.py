"""Trials of a search: networks on one fold after the other, as long as there is time and the trial may be the best."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.recipe import Recipe
from sketchfit.config.search_space import Space, changed_recipe, in_space
from sketchfit.config.variants import Variant
from sketchfit.data.folds import Fold
from sketchfit.errors import RunError, UserError
from sketchfit.runs.folder import RunFolder
from sketchfit.stages.search.study import OpenTrial, TrialStudy, best_trials
from sketchfit.stages.variants import VariantTrainer, right_rows
from sketchfit.tracking.console import duration
from sketchfit.training.fold_result import FoldResult
from sketchfit.wording import counted

log = logging.getLogger(__name__)

PARTS = 10
"""Parts of the rows of a fold on which trials are compared while they run."""

MOST_FAILED = 10
"""Trials that may fail one after the other."""

LEAST_ROWS = 5
"""A part has at least as many rows, where the fold has more than one part."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Limits:
    """When a search ends.

    Attributes:
        seconds: for all of it; None: no limit.
        trials: most of them, the recipe itself included; None: no limit.
        average: most trials whose mean is the result.
        now: returns the time in seconds.
        began: time of the start.
    """

    seconds: float | None
    trials: int | None
    average: int
    now: Callable[[], float]
    began: float

    @property
    def used(self) -> float:
        """Seconds since the start."""
        return self.now() - self.began


@dataclass
class Running:
    """A trial that is being trained.

    Attributes:
        trial: its number and values.
        variant: its name and recipe.
        right: by fold, whether each validated row is right, rows ascending.
        seconds: that each network took.
    """

    trial: OpenTrial
    variant: Variant
    right: list[Bools] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def score(self) -> float:
        """Accuracy on all rows so far."""
        return float(np.concatenate(self.right).mean())


@dataclass
class Trials:
    """Runs the trials of a search.

    Attributes:
        trainer: trains their networks.
        study: stores them.
        space: what is varied.
        limits: when the search ends.
        reserve: seconds of what follows the trials, by the seconds of one network and the cost of the largest one.
        rates: seconds per unit of cost, of all finished networks.
    """

    trainer: VariantTrainer
    study: TrialStudy
    space: Space
    limits: Limits
    reserve: Callable[[float, float], float]
    rates: list[float] = field(default_factory=list)

    @property
    def folds(self) -> Sequence[Fold]:
        """By whose rows the trials are compared: all but the last."""
        return self.trainer.folds[:-1]

    @property
    def base(self) -> Recipe:
        """The recipe that is varied."""
        return self.trainer.context.recipe

    def run(self) -> None:
        """Run trials until the time or their number is over; the first one is the recipe itself."""
        waiting = self.study.begun()
        if not waiting and not self.study.ended():
            waiting = [self.study.begin(in_space(self.base, self.space) or {})]
        first = [one for one in waiting if one.number == 0]
        self._learn_rates()
        if first:
            self._train_wave(first, bounded=False)
        waiting = [one for one in waiting if one.number != 0]
        while True:
            at_once = self.trainer.context.executor.at_once
            while len(waiting) < at_once and self._may_begin(len(waiting)):
                waiting.append(self.study.begin())
            wave, waiting = waiting[:at_once], waiting[at_once:]
            if not wave or not self._train_wave(wave):
                return

    def folder(self, number: int) -> RunFolder:
        """Return the folder of a trial's networks."""
        return RunFolder(self.trainer.context.run.path / "trials" / trial_name(number))

    def variant(self, trial: OpenTrial) -> Variant:
        """Return the recipe of a trial, whose only member has its name; the first one is the recipe itself.

        Raises:
            RecipeError: its values make no valid recipe together.
        """
        found = Variant("base", self.base) if trial.number == 0 else changed_recipe(self.base, dict(trial.values))
        return Variant(found.name, named(found.recipe, trial_name(trial.number)))

    def results(self, trial: OpenTrial) -> list[FoldResult]:
        """Return what the networks of a trial on the folds of the search predict; they are finished."""
        return self.trainer.train(self.folder(trial.number), self.variant(trial).recipe, self.folds)

    def _may_begin(self, others: int) -> bool:
        """Return whether another trial may begin next to others of its wave."""
        ended = len(self.study.ended())
        few = self.limits.trials is None or ended + others < self.limits.trials
        return few and self._fits([1.0], len(self.folds))

    def _fits(self, costs: Sequence[float], networks: int) -> bool:
        """Return whether so many networks of each cost, trained side by side, end in time with what follows."""
        if self.limits.seconds is None or not self.rates:
            return True
        rate, ended = median(self.rates), best_trials(self.study.ended(), self.limits.average)
        own = [cost(self.variant(one).recipe, self.base) for one in ended]
        expected = rate * max(costs) * networks + self.reserve(rate, max(1.0, *costs, *own))
        return self.limits.used + expected <= self.limits.seconds

    def _train_wave(self, wave: Sequence[OpenTrial], bounded: bool = True) -> bool:
        """Train trials fold by fold; return whether there was time. Without, they stay open for the next call."""
        running = [one for one in map(self._opened, wave) if one is not None]
        for place, fold in enumerate(self.folds):
            costs = [cost(one.variant.recipe, self.base) for one in running]
            if running and bounded and not self._fits(costs, 1):
                log.info("no time is left for further networks of the search")
                return False
            running = self._train_fold(running, place, fold)
        for one in running:
            self.study.end(one.trial, "complete", one.score)
            log.info(f"{_line(one)}: {100 * one.score:.2f} % on {counted(len(self.folds), 'fold')}")
        return True

    def _opened(self, trial: OpenTrial) -> Running | None:
        try:
            return Running(trial, self.variant(trial))
        except UserError as error:
            self._failed(trial, error)
            return None

    def _train_fold(self, running: Sequence[Running], place: int, fold: Fold) -> list[Running]:
        """Train a network of each trial on a fold; return those that continue."""
        if len(running) > 1:
            self._train_ahead(running, fold)
        continuing = []
        for one in running:
            try:
                (result,) = self.trainer.train(self.folder(one.trial.number), one.variant.recipe, [fold])
            except UserError as error:
                if one.trial.number == 0:
                    raise
                self._failed(one.trial, error)
                continue
            if not self._ends_early(one, result, place, fold):
                continuing.append(one)
        return continuing

    def _train_ahead(self, running: Sequence[Running], fold: Fold) -> None:
        """Train the networks at the same time; one that fails is found afterwards."""
        try:
            self.trainer.train_ahead([(self.folder(one.trial.number), one.variant.recipe) for one in running], [fold])
        except UserError as error:
            log.debug(f"trials at the same time: {error}")

    def _ends_early(self, one: Running, result: FoldResult, place: int, fold: Fold) -> bool:
        """Store the result of a fold; return whether the trial is worse than the best one, and has ended."""
        right = right_rows([result], self.trainer.context.table.label)
        one.right.append(right)
        one.seconds.append(result.seconds)
        self.rates.append(result.seconds / cost(one.variant.recipe, self.base))
        parts = parts_of(len(right), self.trainer.group_of([fold]))
        scores = [float(right[parts == number].mean()) for number in range(parts.max() + 1)]
        worse = self.study.report(one.trial, place, scores)
        if not worse or one.trial.number == 0 or place == len(self.folds) - 1:
            return False
        self.study.end(one.trial, "pruned", one.score)
        log.info(f"{_line(one)}: {100 * one.score:.2f} % after {counted(place + 1, 'fold')}, worse than the best one")
        return True

    def _failed(self, trial: OpenTrial, error: UserError) -> None:
        reason = "; ".join(error.problems)
        self.study.end(trial, "failed", reason=reason)
        log.warning(f"{trial_name(trial.number)} has failed: {reason}")
        last = self.study.ended()[-MOST_FAILED:]
        if len(last) == MOST_FAILED and all(one.status == "failed" for one in last):
            raise RunError(f"{MOST_FAILED} trials have failed one after the other; the last one: {reason}") from error

    def _learn_rates(self) -> None:
        """Take the times of networks that an earlier call has trained."""
        for trial in self.study.ended():
            if trial.status != "failed":
                own = cost(self.variant(trial).recipe, self.base)
                self.rates += [seconds / own for seconds in self.network_seconds(trial)]

    def network_seconds(self, trial: OpenTrial) -> list[float]:
        """Return the seconds of each finished network of a trial on the folds of the search."""
        wanted = {fold.number for fold in self.folds}
        return [
            one.done.seconds
            for one in self.folder(trial.number).networks(trial_name(trial.number))
            if one.fold in wanted
        ]


def trial_name(number: int) -> str:
    """Return the name of a trial: of its folder, and of the member that it becomes."""
    return f"trial-{number}"


def named(recipe: Recipe, name: str) -> Recipe:
    """Return a recipe whose only member has this name and changes no setting."""
    return recipe.model_copy(update={"members": {name: {}}})


def cost(recipe: Recipe, base: Recipe) -> float:
    """Return the expected time of a training relative to that of the base: by pixels and epochs."""
    epochs = max(recipe.training.epochs, 1) / max(base.training.epochs, 1)
    return (recipe.model.size / base.model.size) ** 2 * epochs


def parts_of(rows: int, group: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Return the part of each of these rows, int64 [rows], from 0, the same for all trials; groups stay together.

    Args:
        rows: number of them, at least 1.
        group: int64 [rows]; None: each row is a group.
    """
    names = np.arange(rows) if group is None else np.unique(group, return_inverse=True)[1]
    groups = int(names.max()) + 1
    parts = max(1, min(PARTS, groups // LEAST_ROWS))
    shuffled = np.random.default_rng(0).permutation(groups)
    found: NDArray[np.int64] = (shuffled * parts // groups)[names].astype(np.int64)
    return found


def _line(one: Running) -> str:
    seconds = duration(sum(one.seconds) / len(one.seconds))
    return f"{trial_name(one.trial.number)} ({one.variant.name}; {seconds} per network)"
