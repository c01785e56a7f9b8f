"""What a plan leads to if every unit takes as long as estimated."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sketchfit.planning.choose import choose
from sketchfit.planning.deadline import TimeLeft
from sketchfit.planning.options import Options
from sketchfit.planning.value import UNCERTAIN, accuracy_after, worth
from sketchfit.runs.artefacts import PlanExpectation, PlannedUnit

MOST_UNITS = 40
"""Units that are looked ahead."""


@dataclass(frozen=True)
class Forecast:
    """Units that would be run, in their order, and the worth of everything in the end."""

    units: tuple[PlannedUnit, ...]
    worth: float

    def expectation(self, first: float) -> PlanExpectation:
        """Return the accuracy at the end with its interval; `first` is the out-of-fold accuracy of the first answer."""
        value, low, high = (accuracy_after(first, self.worth + by) for by in (0.0, -UNCERTAIN, UNCERTAIN))
        return PlanExpectation(value=round(value, 4), low=round(low, 4), high=round(high, 4))


def forecast(options: Options, left: TimeLeft, most: int = MOST_UNITS) -> Forecast:
    """Choose units until nothing fits.

    Args:
        options: what there is and what is done.
        left: for units.
        most: units after which the forecast ends.
    """
    units: list[PlannedUnit] = []
    while len(units) < most and (choice := choose(options, left)) is not None:
        unit = choice.unit
        units.append(unit)
        left = TimeLeft(left.aim - unit.estimated, left.latest - unit.estimated)
        options = after(options, unit)
    return Forecast(tuple(units), worth(options.networks_done, options.has_bank))


def after(options: Options, unit: PlannedUnit) -> Options:
    """Return what there is after a unit."""
    banks = [replace(bank, done=bank.done or bank.name == unit.key) for bank in options.banks]
    networks = [
        replace(one, done=(*one.done, unit.epochs)) if one.name == unit.member else one for one in options.networks
    ]
    return Options(banks, networks, options.folds, options.answered)
