"""Which networks to train in the time that is left: simple allocations are enumerated, and the best one is taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from sketchfit.planning.deadline import TimeLeft
from sketchfit.planning.options import NetworkOption, Options
from sketchfit.planning.value import worth

LENGTHS = (3, 4, 5, 6, 8, 10, 13, 17, 22, 30)
"""Epochs of a training among which a plan chooses."""

SHORTEST = LENGTHS[0]

MOST_TOGETHER = 3
"""Members among which one plan divides the time."""


@dataclass(frozen=True)
class Part:
    """Folds of one member that are still trained.

    Attributes:
        option: the member.
        folds: how many.
        epochs: of each.
    """

    option: NetworkOption
    folds: int
    epochs: int

    @property
    def seconds(self) -> float:
        """Time of all of them."""
        return self.option.seconds(self.epochs, self.folds)


@dataclass(frozen=True)
class Allocation:
    """How the time is divided.

    Attributes:
        parts: of the members that are trained.
        worth: of everything at the end, see `value.worth`.
    """

    parts: tuple[Part, ...]
    worth: float

    @property
    def seconds(self) -> float:
        """Time of all parts."""
        return sum(part.seconds for part in self.parts)


def allocate(options: Options, left: TimeLeft) -> Allocation:
    """Return the allocation of the highest worth; of equal ones the shorter one. It may have no parts.

    Args:
        options: what there is and what is done.
        left: for units.
    """
    best = Allocation((), worth(options.networks_done, options.has_bank))
    for parts in _candidates(options, left):
        longest = min(left.before(part.option.after, part.option.slow) for part in parts)
        if sum(part.seconds for part in parts) > longest:
            continue
        found = Allocation(parts, _worth_with(options, parts))
        if (found.worth, -found.seconds) > (best.worth, -best.seconds):
            best = found
    return best


def first_of(options: Options, allocation: Allocation) -> Part:
    """Return one fold of the part that gains most per second now; `allocation` has parts."""
    before = worth(options.networks_done, options.has_bank)

    def rate(part: Part) -> float:
        one = Part(part.option, 1, part.epochs)
        return (_worth_with(options, [one]) - before) / one.seconds

    best = max(allocation.parts, key=rate)
    return Part(best.option, 1, best.epochs)


def gain_of(options: Options, part: Part) -> float:
    """Return the change of worth by a part."""
    return _worth_with(options, [part]) - worth(options.networks_done, options.has_bank)


def _worth_with(options: Options, parts: Sequence[Part]) -> float:
    added = {part.option.name: part for part in parts}
    networks = [
        one.with_folds(added[one.name].folds, added[one.name].epochs) if one.name in added else one.with_folds(0, 0)
        for one in options.networks
    ]
    return worth(networks, options.has_bank)


def _candidates(options: Options, left: TimeLeft) -> Iterator[tuple[Part, ...]]:
    """Yield allocations with one length and one number of folds, which may differ for the first of the members."""
    most = len(options.folds)
    possible = [
        one
        for one in options.networks
        if len(one.done) < most and one.seconds(SHORTEST) <= left.before(one.after, one.slow)
    ]
    for count in range(1, MOST_TOGETHER + 1):
        for members in combinations(possible, count):
            for epochs, folds, less in product(LENGTHS, range(1, most + 1), range(most)):
                if less and count == 1:
                    continue
                wanted = [folds, *[max(1, folds - less)] * (count - 1)]
                still = [min(number, most - len(one.done)) for number, one in zip(wanted, members, strict=True)]
                yield tuple(Part(one, number, epochs) for one, number in zip(members, still, strict=True))
