"""The search of a scout: all backbones at their smallest size, the better ones at larger sizes, within a time."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sketchfit.data.store import Store
from sketchfit.data.store_settings import StoreSettings
from sketchfit.data.stores import load_stores, store_settings
from sketchfit.errors import UserError
from sketchfit.inference.intervals import accuracy
from sketchfit.stages.context import RunContext
from sketchfit.stages.scout.bank_accuracy import bank_right, head_seconds
from sketchfit.stages.scout.budget import Budget
from sketchfit.stages.scout.decide import survivors
from sketchfit.stages.scout.measure import BYTES_PER_PARAMETER, TrialCost, measure, too_large, too_slow, with_cost
from sketchfit.stages.scout.options import Option
from sketchfit.stages.scout.prior import prior_of
from sketchfit.stages.scout.rows import ScoutRows
from sketchfit.stages.scout.tried import Tried, TriedFolder
from sketchfit.tracking.console import duration

log = logging.getLogger(__name__)

BANK_SHARE = 0.65
"""Share of the time in which frozen features are measured; the rest is for fine-tuning."""

STORED = 0.2
"""A pass that took less than this share of its estimated time found its features in the cache."""


@dataclass
class ScoutSearch:
    """Tries options one by one.

    Attributes:
        context: of the scout.
        rows: on which options are compared.
        folder: where they are stored.
        budget: the time.
        run_seconds: longest training time of a run with the chosen option; None: any.
        tried: what was tried, in this order.
        speed: billions of multiplications per second in a pass over the images; 0 before the first one.
        stores: by their settings.
        costs: by the name of the option, where they were measured before.
    """

    context: RunContext
    rows: ScoutRows
    folder: TriedFolder
    budget: Budget
    run_seconds: float | None = None
    tried: dict[str, Tried] = field(default_factory=dict)
    speed: float = 0.0
    stores: dict[StoreSettings, Store] = field(default_factory=dict)
    costs: dict[str, TrialCost] = field(default_factory=dict)

    def search(self, ladders: Sequence[Sequence[Option]]) -> Mapping[str, Tried]:
        """Try the options of each candidate, smallest size first, and return what is known of all of them.

        After each size, backbones that are clearly worse than the best are left out.
        """
        alive = {ladder[0].candidate.name: list(ladder) for ladder in ladders}
        step = 0
        while current := [ladder[step] for ladder in alive.values() if step < len(ladder)]:
            self._open(current)
            for option in self._order(current):
                self._try(option)
            alive = self._left(alive, step)
            step += 1
        for ladder in ladders:
            self._note_untried(ladder)
        return self.tried

    def _note_untried(self, ladder: Sequence[Option]) -> None:
        """Add the sizes of a candidate that were not reached, with the reason."""
        why = ""
        for option in ladder:
            if option.name in self.tried:
                tried = self.tried[option.name].figures
                why = "its smaller size was not measured" if tried.left_out else "it was behind at a smaller size"
            else:
                self.tried[option.name] = Tried.new(option).left_out(why)

    def _open(self, options: Sequence[Option]) -> None:
        """Open the stores of options, those that are missing in one pass over the files."""
        table = self.context.table
        wanted = {store_settings(one.recipe): one.recipe for one in options}
        missing = {key: recipe for key, recipe in wanted.items() if key not in self.stores}
        if missing:
            found = load_stores(table, table.train, "training", list(missing.values()), self.context.console)
            self.stores.update(zip(missing, found, strict=True))

    def _order(self, options: Sequence[Option]) -> list[Option]:
        """Return the options in the order in which they are tried.

        At first by their guess, the best first, but before all others the cheapest one, to learn the speed; then by
        their accuracy at the size before.
        """
        if self.tried:
            return list(options)
        ranked = sorted(options, key=lambda one: -prior_of(one.candidate, one.size))
        first = cheapest(ranked)
        return [first, *(one for one in ranked if one is not first)]

    def _left(self, alive: Mapping[str, list[Option]], step: int) -> dict[str, list[Option]]:
        """Return the backbones that go into the next round; none that is too slow, also by an earlier scout's times."""
        here = {name: ladder[step].name for name, ladder in alive.items() if step < len(ladder)}
        tried = {name: self.tried[key] for name, key in here.items()}
        right = {name: one.right for name, one in tried.items() if one.has_bank and not one.figures.left_out}
        if not right:
            return {}
        validated = next(self.tried[here[name]].rows for name in right)
        return {name: alive[name] for name in survivors(right, self.rows.group_of(validated))}

    def _try(self, option: Option) -> None:
        store = self.stores[store_settings(option.recipe)]
        known = self.folder.read(option, store)
        if known is None:
            known = self._measured(option, store)
        else:
            log.info(f"{option.name}: {_line(known)} (from an earlier scout)")
            known = self._with_times(known, store)
        if (seconds := known.figures.train_seconds) and (why := too_slow(seconds, self.run_seconds)):
            known = known.left_out(why)
        self.tried[option.name] = known

    def _measured(self, option: Option, store: Store) -> Tried:
        found = Tried.new(option)
        pass_gmacs = option.candidate.gmacs_at(option.size) * len(self.rows.sample)
        expected = pass_gmacs / self.speed if self.speed else 0.0
        why = too_large(self.context, int(BYTES_PER_PARAMETER * 1e6 * option.candidate.params))
        why = why or self._no_time(expected)
        if why:
            log.info(f"{option.name} is not tried: {why}")
            return found.left_out(why)
        try:
            found = self._with_cost(found)
            if not found.figures.left_out:
                found = self._with_bank(found, store, pass_gmacs)
        except UserError as error:
            found = found.left_out("; ".join(error.problems))
        if found.has_bank:
            self.folder.write(found, store)
            log.info(f"{option.name}: {_line(found)}")
        else:
            log.info(f"{option.name} is not tried: {found.figures.left_out}")
        return found

    def _with_cost(self, tried: Tried) -> Tried:
        name, first = tried.option.name, not (self.tried or self.costs)
        cost = self.costs.get(name) or measure(self.context, tried.option, self.rows, repeat=first)
        if cost.doubt:
            log.info(f"{name}: its times are uncertain and not recorded for later scouts: {cost.doubt}")
        found = replace(tried, figures=with_cost(tried.figures, cost))
        passes = cost.trial.prediction_seconds * len(self.rows.sample) + head_seconds(len(self.rows.sample))
        if why := too_large(self.context, cost.memory) or too_slow(cost.run_seconds, self.run_seconds):
            return found.left_out(why)
        return found.left_out(self._no_time(passes))

    def _with_times(self, tried: Tried, store: Store) -> Tried:
        """Measure the times of an option of an earlier scout, which other processes disturbed."""
        if tried.figures.train_seconds is not None:
            return tried
        try:
            cost = measure(self.context, tried.option, self.rows, repeat=not self.tried)
        except UserError as error:
            return tried.left_out("; ".join(error.problems))
        found = replace(tried, figures=with_cost(tried.figures, cost))
        self.folder.write(found, store)
        return found

    def _no_time(self, seconds: float) -> str:
        """Return why a pass over the images of an estimated time is not begun; empty where it is."""
        if self.budget.allows(seconds, BANK_SHARE):
            return ""
        if not self.budget.allows(0.0, BANK_SHARE):
            return "no time is left"
        return f"a pass over the images would take about {duration(seconds)}, which does not fit into the time"

    def _with_bank(self, tried: Tried, store: Store, pass_gmacs: float) -> Tried:
        began, sample, figures = self.budget.now(), len(self.rows.sample), tried.figures
        rows, right = bank_right(self.context, tried.option.recipe, store, self.rows)
        seconds = self.budget.now() - began
        estimated = (figures.ms_per_image or 0.0) * sample / 1000 + head_seconds(sample)
        if seconds > STORED * estimated:
            self.budget.record(estimated, seconds)
            self.speed = pass_gmacs / seconds
        top1 = accuracy(right, self.rows.group_of(rows))
        update = {"bank_top1": top1, "bank_seconds": seconds}
        return Tried(tried.option, figures.model_copy(update=update), rows, right)


def cheapest(options: Sequence[Option]) -> Option:
    """Return the option with the fewest multiplications."""
    return min(options, key=lambda one: one.candidate.gmacs_at(one.size))


def _line(tried: Tried) -> str:
    figures = tried.figures
    took = "" if figures.bank_seconds is None else f" in {duration(figures.bank_seconds)}"
    return f"frozen features {figures.bank_top1}{took}"
