"""The next units of a run: the first answer, then what gains most in the time left, then what fills the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sketchfit.planning.allocate import SHORTEST, Allocation, Part, allocate, by_gain, gain_of
from sketchfit.planning.deadline import TimeLeft
from sketchfit.planning.options import BankOption, Options
from sketchfit.planning.value import BANK, useful_epochs
from sketchfit.runs.artefacts import PlannedUnit
from sketchfit.wording import counted

BANK_SHARE = 0.015
"""Share of the time that is left which one further bank member may take before networks are trained."""

LAST_LENGTH = 1.25
"""A last training may be longer than planned by this factor, to use the time."""


@dataclass(frozen=True)
class NextUnits:
    """Units that are run next, at the same time.

    Attributes:
        units: with their estimates; several only where they are networks.
        text: the decision, one sentence without a full stop.
        allocation: what follows by the plan of this moment, the units included; None where no networks are planned.
    """

    units: tuple[PlannedUnit, ...]
    text: str
    allocation: Allocation | None = None

    @property
    def seconds(self) -> float:
        """Until all of them have ended."""
        return max(unit.estimated for unit in self.units)


def choose(options: Options, left: TimeLeft) -> NextUnits | None:
    """Return what is run next; None where nothing fits.

    Args:
        options: what there is and what is done.
        left: for units.
    """
    waiting = [bank for bank in options.banks if not bank.done]
    if waiting and not options.has_bank and not options.networks_done:
        return _bank(waiting[0], "first answer")
    for bank in waiting:
        if not bank.filler and bank.seconds <= BANK_SHARE * left.aim and bank.fits(left):
            return _bank(bank, "further frozen features")
    allocation = allocate(options, left)
    if allocation.parts:
        return _networks(options, allocation, left)
    fitting = [bank for bank in waiting if bank.fits(left)]
    if fitting:
        return _bank(max(fitting, key=lambda bank: bank.seconds), "no training fits in the time that is left")
    return None


def _bank(bank: BankOption, why: str) -> NextUnits:
    unit = PlannedUnit(key=bank.name, kind="bank", member=bank.name, estimated=round(bank.seconds, 1), gain=BANK)
    about = f", about {bank.seconds:.0f} s" if bank.seconds else ""
    return NextUnits((unit,), f"{bank.name}: {why}{about}")


def _networks(options: Options, allocation: Allocation, left: TimeLeft) -> NextUnits:
    parts = _together(options, allocation)
    if sum(one.folds for one in allocation.parts) == len(parts):
        parts = [_longer(part, parts, left) for part in parts]
    shared = _shared(parts)
    units, begun = [], Counter[str]()
    for part in parts:
        option = part.option
        fold = [one for one in options.folds if one not in option.folds_done][begun[option.name]]
        begun[option.name] += 1
        units.append(
            PlannedUnit(
                key=f"{option.name}/fold{fold}",
                kind="network",
                member=option.name,
                fold=fold,
                epochs=part.epochs,
                estimated=round(shared + part.each, 1),
                gain=round(gain_of(options, part), 4),
            )
        )
    planned = ", ".join(f"{one.folds} x {one.option.name} ({counted(one.epochs, 'epoch')})" for one in allocation.parts)
    now = " and ".join(f"{unit.key} ({counted(unit.epochs, 'epoch')})" for unit in units)
    chosen = NextUnits(tuple(units), "", allocation)
    return replace(chosen, text=f"{now}: about {chosen.seconds:.0f} s; plan for {left.aim:.0f} s: {planned}")


def _together(options: Options, allocation: Allocation) -> list[Part]:
    """Return the networks that are trained next, one fold each: of the best part, then those that take as long."""
    best, *others = by_gain(options, allocation)
    others.sort(key=lambda part: abs(part.each - best.each))
    all_networks = [Part(part.option, 1, part.epochs) for part in (best, *others) for _ in range(part.folds)]
    return all_networks[: options.at_once]


def _shared(parts: Sequence[Part]) -> float:
    """Return the seconds of what folds share, before any of these networks is trained."""
    return sum({part.option.name: part.shared for part in parts}.values())


def _longer(part: Part, parts: Sequence[Part], left: TimeLeft) -> Part:
    """Return a network with more epochs, where it is one of the last ones and there is time."""
    others = _shared([one for one in parts if one.option.name != part.option.name])
    seconds = part.option.allowed(left) - others
    most = min(round(LAST_LENGTH * part.epochs + 1), useful_epochs(part.option.updates) + 1)
    longest = min(part.option.longest(seconds), most)
    return Part(part.option, 1, max(SHORTEST, part.epochs, longest))
