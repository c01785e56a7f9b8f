"""The next unit of a run: the first answer, then what gains most in the time that is left, then what fills the rest."""

from __future__ import annotations

from dataclasses import dataclass

from sketchfit.planning.allocate import SHORTEST, Allocation, Part, allocate, first_of, gain_of
from sketchfit.planning.deadline import TimeLeft
from sketchfit.planning.options import BankOption, Options
from sketchfit.planning.value import BANK
from sketchfit.runs.artefacts import PlannedUnit

BANK_SHARE = 0.04
"""Share of the time that is left which one further bank member may take before networks are trained."""

LAST_LENGTH = 1.25
"""A last training may be longer than planned by this factor, to use the time."""


@dataclass(frozen=True)
class NextUnit:
    """A unit that is run next.

    Attributes:
        unit: with its estimate.
        text: the decision, one sentence without a full stop.
        allocation: what follows by the plan of this moment, the unit included; None where no networks are planned.
    """

    unit: PlannedUnit
    text: str
    allocation: Allocation | None = None


def choose(options: Options, left: TimeLeft) -> NextUnit | None:
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
        return _network(options, allocation, left)
    fitting = [bank for bank in waiting if bank.fits(left)]
    if fitting:
        return _bank(max(fitting, key=lambda bank: bank.seconds), "no training fits in the time that is left")
    return None


def _bank(bank: BankOption, why: str) -> NextUnit:
    unit = PlannedUnit(key=bank.name, kind="bank", member=bank.name, estimated=round(bank.seconds, 1), gain=BANK)
    about = f", about {bank.seconds:.0f} s" if bank.seconds else ""
    return NextUnit(unit, f"{bank.name}: {why}{about}")


def _network(options: Options, allocation: Allocation, left: TimeLeft) -> NextUnit:
    part = first_of(options, allocation)
    if sum(one.folds for one in allocation.parts) == 1:
        longest = min(
            part.option.longest(left.before(part.option.after, part.option.slow)), round(LAST_LENGTH * part.epochs + 1)
        )
        part = Part(part.option, 1, max(SHORTEST, part.epochs, longest))
    fold = options.folds[len(part.option.done)]
    unit = PlannedUnit(
        key=f"{part.option.name}/fold{fold}",
        kind="network",
        member=part.option.name,
        fold=fold,
        epochs=part.epochs,
        estimated=round(part.seconds, 1),
        gain=round(gain_of(options, part), 4),
    )
    planned = ", ".join(f"{one.folds} x {one.option.name} ({one.epochs} epochs)" for one in allocation.parts)
    text = f"{unit.key}: {part.epochs} epochs, about {part.seconds:.0f} s; plan for {left.aim:.0f} s: {planned}"
    return NextUnit(unit, text, allocation)
