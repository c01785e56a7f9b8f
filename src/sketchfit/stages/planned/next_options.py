"""What a run with a deadline can run next, with times by what was measured and by what units have taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sketchfit.planning.book import PlanBook
from sketchfit.planning.costs import DOUBT, Counts, Rates, bank_option, network_option, rates_of, ratio_of
from sketchfit.planning.ladder import Rung, measured_priors
from sketchfit.planning.options import BankOption, NetworkOption, Options
from sketchfit.runs.artefacts import PlannedUnit
from sketchfit.stages.planned.measure import measure_rates
from sketchfit.stages.planned.members import PlannedMembers
from sketchfit.training.fold import read_fold


@dataclass(frozen=True)
class _Known:
    """What estimates rest on.

    Attributes:
        rates: of each backbone, by its name.
        ratios: of actual to estimated time, of members and kinds of units.
        priors: of each backbone, by its name, see `value.Networks`.
        done: finished units of each member.
        failed: members of which a unit has failed.
        counts: of rows.
    """

    rates: Mapping[str, Rates]
    ratios: Mapping[str, float]
    priors: Mapping[str, float]
    done: Mapping[str, Sequence[PlannedUnit]]
    failed: frozenset[str]
    counts: Counts


class NextOptions:
    """Estimates the times of everything that can be run next.

    Args:
        members: of the run.
        book: the plan.
    """

    def __init__(self, members: PlannedMembers, book: PlanBook) -> None:
        self._members, self._book = members, book
        self._rates: Mapping[str, Rates] | None = None
        self._accuracy: dict[str, float] = {}

    @property
    def counts(self) -> Counts:
        """Numbers of rows."""
        context, folds = self._members.context, self._members.state.folds
        train = int(np.mean([len(fold.train) for fold in folds]))
        valid = int(np.mean([len(fold.valid) for fold in folds]))
        return Counts(train, valid, len(context.table.test), len(folds), context.recipe.training.batch)

    def find(self) -> Options:
        """Return what can be run next. Rates are measured once the first answer is there, or an earlier unit."""
        if not self._book.plan.units:
            return self._first_answer()
        known, plan = self._known(), self._book.plan
        rungs = [rung for rung in self._members.rungs.values() if rates_of(rung, known.rates) is not None]
        banks = [self._bank(rung, known) for rung in rungs if rung.kind == "bank" and rung.name not in known.failed]
        networks = [self._network(rung, known) for rung in rungs if rung.kind == "network"]
        answered, least_folds = bool(plan.answers), known.counts.least_folds
        return Options(banks, networks, self._fold_numbers, answered, plan.networks_at_once, least_folds)

    def forget_rates(self) -> None:
        """Measure rates again when they are needed: they depend on the number of networks at the same time."""
        self._rates = None

    def _first_answer(self) -> Options:
        """Return the head on frozen features that gives the first answer, of which no time is known."""
        first = next(rung for rung in self._members.rungs.values() if rung.kind == "bank")
        return Options([BankOption(first.name, 0.0, first.size)], [], self._fold_numbers)

    @property
    def _fold_numbers(self) -> tuple[int, ...]:
        return tuple(fold.number for fold in self._members.state.folds)

    def _known(self) -> _Known:
        rungs, counts = list(self._members.rungs.values()), self.counts
        if self._rates is None:
            self._rates = measure_rates(self._members.context, rungs, self._book, counts)
        return _Known(
            rates=self._rates,
            ratios=self._book.ratios(),
            priors=measured_priors(rungs, self._bank_accuracy()),
            done=self._book.done(),
            failed=frozenset(unit.member for unit in self._book.units("failed")),
            counts=counts,
        )

    def _bank(self, rung: Rung, known: _Known) -> BankOption:
        """Return a bank member with its estimated time."""
        ratio = ratio_of(known.ratios, rung.name, rung.kind)
        return bank_option(rung, self._rates_with_images(rung, known), known.counts, ratio, rung.name in known.done)

    def _network(self, rung: Rung, known: _Known) -> NetworkOption:
        """Return a network member with its estimated times and its finished folds."""
        done, ratio = known.done.get(rung.name, ()), ratio_of(known.ratios, rung.name, rung.kind)
        views = 1 + len(self._members.settings(rung.name).get("inference", {}).get("views", ()))
        rates, epochs = self._rates_with_images(rung, known), tuple(unit.epochs for unit in done)
        return replace(
            network_option(rung, rates, known.counts, ratio, epochs, views),
            prior=known.priors[rung.backbone.name],
            folds_done=tuple(unit.fold for unit in done if unit.fold is not None),
            doubt=1.0 if done else DOUBT,
            failed=rung.name in known.failed,
        )

    def _rates_with_images(self, rung: Rung, known: _Known) -> Rates:
        """Return the rates of a member's backbone; nothing is decoded where the images of this size are stored."""
        return known.rates[rung.backbone.name].without_decoding(self._members.has_images(rung))

    def _bank_accuracy(self) -> dict[str, float]:
        """Return the out-of-fold accuracy of each finished bank member."""
        for name, units in self._book.done().items():
            if units[0].kind == "bank" and name not in self._accuracy:
                self._accuracy[name] = self._accuracy_of(name)
        return self._accuracy

    def _accuracy_of(self, bank: str) -> float:
        context, label = self._members.context, self._members.context.table.label
        found = [read_fold(context.run.network(bank, fold.number)) for fold in self._members.state.folds]
        return float(np.concatenate([one.oof.argmax(axis=1) == label[one.rows] for one in found]).mean())
