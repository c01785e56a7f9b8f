"""How many times as long units have taken as estimated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import get_args

from sketchfit.planning.costs import ratio_of
from sketchfit.runs.artefacts import PlannedUnit
from sketchfit.runs.artefacts.plan import UnitKind

MOST_RATIO = 6.0
"""Ratios of actual to estimated time are cut off there, and at the inverse."""


def ratios_of(units: Sequence[PlannedUnit]) -> dict[str, float]:
    """Return the last ratio of actual to estimated time of each member, and of each kind of unit.

    An estimate is made with the ratio of that moment, so that ratios multiply. A dropped unit shows that the machine
    has become slow, for units of all kinds.

    Args:
        units: of a plan, in the order in which they were begun.
    """
    found: dict[str, float] = {}
    for group in _begun_together(units):
        found = _others_after(found, group) | _own_after(found, group)
    return found


def _begun_together(units: Sequence[PlannedUnit]) -> Iterator[list[PlannedUnit]]:
    """Yield the units of which the time is known, in groups that were begun at the same time."""
    measured = [unit for unit in units if unit.actual is not None and unit.estimated > 0]
    for _, group in groupby(measured, key=lambda unit: unit.key if unit.started_at is None else unit.started_at):
        yield list(group)


def _factor(unit: PlannedUnit) -> float:
    """Return how many times as long a unit took as estimated; a dropped one at least as long."""
    factor = (unit.actual or 0.0) / unit.estimated
    return max(1.0, factor) if unit.status == "dropped" else factor


def _own_after(before: Mapping[str, float], group: Sequence[PlannedUnit]) -> dict[str, float]:
    """Return the ratios of the members and kinds of a group: the largest one of each."""
    found: dict[str, float] = {}
    for unit in group:
        ratio = ratio_of(before, unit.member, unit.kind) * _factor(unit)
        ratio = min(MOST_RATIO, max(1 / MOST_RATIO, ratio))
        for name in (unit.member, unit.kind):
            found[name] = max(found.get(name, 0.0), ratio)
    return found


def _others_after(before: Mapping[str, float], group: Sequence[PlannedUnit]) -> dict[str, float]:
    """Return the ratios of all others after a group: at least those of its dropped units."""
    dropped = [min(MOST_RATIO, _factor(unit)) for unit in group if unit.status == "dropped"]
    if not dropped:
        return dict(before)
    others = {**dict.fromkeys(get_args(UnitKind), 1.0), **before}
    return {name: max(one, *dropped) for name, one in others.items()}
