"""What a plan leads to if every unit takes as long as estimated."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sketchfit.planning.choose import choose
from sketchfit.planning.deadline import TimeLeft
from sketchfit.planning.options import NetworkOption, Options
from sketchfit.planning.value import UNCERTAIN, accuracy_after, worth
from sketchfit.runs.artefacts import PlanExpectation, PlannedUnit

MOST_UNITS = 40
"""Units that are looked ahead."""

ANSWER_SHARE = 0.25
"""An answer is written after a unit where it takes at most this share of the time since the last one."""


@dataclass(frozen=True)
class Forecast:
    """What would be run.

    Attributes:
        units: in their order.
        worths: of everything before the first unit and after each, see `value.worth`.
        begins: seconds from now at which each unit begins, and at which the last one has ended.
        out_of_fold: worth of everything in the end, out of fold.
    """

    units: tuple[PlannedUnit, ...]
    worths: tuple[float, ...]
    begins: tuple[float, ...]
    out_of_fold: float

    @property
    def worth(self) -> float:
        """Worth of everything in the end."""
        return self.worths[-1]

    def expectation(self, first: float) -> PlanExpectation:
        """Return the out-of-fold accuracy at the end with its interval; `first` is that of the first answer."""
        value, low, high = (accuracy_after(first, self.out_of_fold + by) for by in (0.0, -UNCERTAIN, UNCERTAIN))
        return PlanExpectation(value=round(value, 4), low=round(low, 4), high=round(high, 4))


def forecast(options: Options, left: TimeLeft, most: int = MOST_UNITS, answer: float = 0.0) -> Forecast:
    """Choose units until nothing fits.

    Args:
        options: what there is and what is done.
        left: for units.
        most: units after which the forecast ends.
        answer: seconds of an answer, see `with_answer`.
    """
    units: list[PlannedUnit] = []
    worths, begins, now = [_worth(options)], list[float](), 0.0
    while len(units) < most and (choice := choose(options, left)) is not None:
        spent = with_answer(choice.seconds, answer)
        for unit in choice.units:
            units.append(unit)
            begins.append(now)
            options = after(options, unit)
            worths.append(_worth(options))
        now += spent
        left = TimeLeft(left.aim - spent, left.latest - spent)
    out_of_fold = worth(options.networks_done, options.has_bank, out_of_fold=True)
    return Forecast(tuple(units), tuple(worths), (*begins, now), out_of_fold)


def with_answer(seconds: float, answer: float) -> float:
    """Return the seconds of units and of their part in the answers that follow units."""
    return seconds + min(answer, ANSWER_SHARE * seconds)


def _worth(options: Options) -> float:
    return worth(options.networks_done, options.has_bank)


def after(options: Options, unit: PlannedUnit) -> Options:
    """Return what there is after a unit."""
    banks = [replace(bank, done=bank.done or bank.name == unit.key) for bank in options.banks]
    networks = [_with_unit(one, unit) if one.name == unit.member else one for one in options.networks]
    return replace(options, banks=banks, networks=networks)


def _with_unit(option: NetworkOption, unit: PlannedUnit) -> NetworkOption:
    folds = option.folds_done if unit.fold is None else (*option.folds_done, unit.fold)
    return replace(option, done=(*option.done, unit.epochs), folds_done=folds)
