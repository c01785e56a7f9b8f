"""Which networks to train in the time that is left: simple allocations are enumerated, and the best one is taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, product
from typing import NamedTuple

from sketchfit.planning.deadline import TimeLeft
from sketchfit.planning.options import NetworkOption, Options
from sketchfit.planning.value import Networks, useful_epochs, worth

LENGTHS = (3, 4, 5, 6, 8, 10, 13, 17, 22, 30)
"""Epochs of a training among which a plan chooses."""

SHORTEST = LENGTHS[0]

MOST_TOGETHER = 3
"""Members among which one plan divides the time."""

FOLD_COUNTS = 10
"""Numbers of folds among which a plan chooses, about; all of them where there are no more folds."""


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

    @cached_property
    def seconds(self) -> float:
        """Time of all of them, one after the other."""
        return self.option.seconds(self.epochs, self.folds)

    @cached_property
    def shared(self) -> float:
        """Time of what all of them share."""
        return self.option.shared(self.epochs)

    @cached_property
    def each(self) -> float:
        """Time of one of them, without what they share."""
        return self.option.each(self.epochs)

    @cached_property
    def networks(self) -> Networks:
        """Networks of the member with them."""
        return self.option.with_folds(self.folds, self.epochs)


@dataclass(frozen=True)
class Allocation:
    """How the time is divided.

    Attributes:
        parts: of the members that are trained.
        worth: of everything at the end, see `value.worth`.
        seconds: time of all parts.
    """

    parts: tuple[Part, ...]
    worth: float
    seconds: float = 0.0


def seconds_of(parts: Sequence[Part], at_once: int) -> float:
    """Return the time of all parts, where so many networks are trained at the same time.

    Networks that take equally long are trained together, and each group takes as long as its slowest one.
    """
    each = sorted((part.each for part in parts for _ in range(part.folds)), reverse=True)
    return sum(part.shared for part in parts) + sum(each[::at_once])


def allocate(options: Options, left: TimeLeft) -> Allocation:
    """Return the allocation of the highest worth; of equal ones the shorter one. It may have no parts.

    Each member has at least `options.least_folds` folds in the end. Where there is no time for that, it has as many as
    those that are trained, or half as many where none is.

    Args:
        options: what there is and what is done.
        left: for units.
    """
    found = Allocation((), 0.0)
    for least in _least_folds(options):
        found = _best(replace(options, least_folds=least), left)
        if found.parts:
            break
    return found


def _least_folds(options: Options) -> Iterator[int]:
    """Yield the numbers of folds that each member should have, the one to try first at first."""
    done = [len(one.done) for one in options.networks if one.done]
    least = min(options.least_folds, len(options.folds))
    yield least
    if done:
        if min(done) < least:
            yield min(done)
        return
    while (least := least // 2) > 0:
        yield least


def _best(options: Options, left: TimeLeft) -> Allocation:
    """Return the allocation of the highest worth with `options.least_folds`; of equal ones the shorter one."""
    done = {one.name: one.with_folds(0, 0) for one in options.networks if one.done}
    best = Allocation((), worth(list(done.values()), options.has_bank))
    for parts, seconds in _divisions(options, left):
        networks = {**done, **{part.option.name: part.networks for part in parts}}
        found = worth(list(networks.values()), options.has_bank)
        if (found, -seconds) > (best.worth, -best.seconds):
            best = Allocation(parts, found, seconds)
    return best


def by_gain(options: Options, allocation: Allocation) -> list[Part]:
    """Return the parts: unfinished members first, then the one of which a fold gains most per second now."""
    before, unfinished = worth(options.networks_done, options.has_bank), options.unfinished

    def rate(part: Part) -> tuple[bool, float]:
        one = Part(part.option, 1, part.epochs)
        return part.option in unfinished, (_worth_with(options, [one]) - before) / one.seconds

    return sorted(allocation.parts, key=rate, reverse=True)


def gain_of(options: Options, part: Part) -> float:
    """Return the change of worth by a part."""
    return _worth_with(options, [part]) - worth(options.networks_done, options.has_bank)


def _worth_with(options: Options, parts: Sequence[Part]) -> float:
    added = {part.option.name: part for part in parts}
    networks = [
        one.with_folds(added[one.name].folds, added[one.name].epochs) if one.name in added else one.with_folds(0, 0)
        for one in options.networks
        if one.done or one.name in added
    ]
    return worth(networks, options.has_bank)


_Parts = Mapping[tuple[NetworkOption, int, int], Part]
"""By member, number of further folds, and epochs."""


class _Division(NamedTuple):
    """Networks of up to `MOST_TOGETHER` members that end in the time that is left.

    Attributes:
        parts: of each member.
        seconds: of all of them.
    """

    parts: tuple[Part, ...]
    seconds: float


def _divisions(options: Options, left: TimeLeft) -> Iterator[_Division]:
    """Yield simple divisions of the time: all networks have the same length, and all members but the first one have
    the same number of further folds."""
    allowed = {one: one.allowed(left) for one in options.networks_open}
    possible = [one for one, seconds in allowed.items() if one.seconds(SHORTEST) <= seconds]
    counts = _fold_counts(options)
    parts = _parts(possible, counts, len(options.folds))
    for members in _groups(possible, options.unfinished):
        longest = min(allowed[one] for one in members)
        for epochs, folds in product(_lengths(members), counts):
            yield from _fitting(options, longest, _with_others(members, folds, counts, epochs, parts))


def _parts(members: Sequence[NetworkOption], counts: Sequence[int], folds: int) -> _Parts:
    """Return the parts of which divisions are made; no member has more folds than there are."""
    return {
        (one, count, epochs): Part(one, min(count, folds - len(one.done)), epochs)
        for one, count, epochs in product(members, counts, LENGTHS)
    }


def _groups(
    possible: Sequence[NetworkOption], unfinished: Sequence[NetworkOption]
) -> Iterator[tuple[NetworkOption, ...]]:
    """Yield members among which the time may be divided: members with too few folds are always among them."""
    for count in range(1, MOST_TOGETHER + 1):
        for members in combinations(possible, count):
            if all(one in members for one in unfinished):
                yield members


def _with_others(
    members: Sequence[NetworkOption], folds: int, counts: Sequence[int], epochs: int, parts: _Parts
) -> Iterator[tuple[Part, ...]]:
    """Yield the parts of members of which the first has `folds` further folds; the others have as many or fewer, few
    folds first."""
    first, *others = members
    if not others:
        yield (parts[first, folds, epochs],)
        return
    for count in counts:
        if count <= folds:
            yield (parts[first, folds, epochs], *(parts[one, count, epochs] for one in others))


def _fitting(options: Options, longest: float, rising: Iterable[tuple[Part, ...]]) -> Iterator[_Division]:
    """Yield those that end in time, and leave each member enough folds.

    Args:
        options: what there is and what is done.
        longest: seconds that they may take.
        rising: parts of the same members, each with at least as many folds as before.
    """
    for found in rising:
        if sum(part.each * part.folds for part in found) > options.at_once * longest:
            return  # more folds take longer
        if any(len(part.networks.epochs) < options.least_folds for part in found):
            continue
        if (seconds := seconds_of(found, options.at_once)) <= longest:
            yield _Division(found, seconds)


def _fold_counts(options: Options) -> tuple[int, ...]:
    """Return the numbers of further folds to try: half of them the smallest ones, then in equal ratios up to all.

    Those with which members have just as many folds as they should are always tried.
    """
    most, few = len(options.folds), FOLD_COUNTS // 2
    if most <= FOLD_COUNTS:
        return tuple(range(1, most + 1))
    ratios = (round(few * (most / few) ** (step / few)) for step in range(1, few + 1))
    enough = (options.least_folds - len(one.done) for one in options.networks_open)
    return tuple(sorted({*range(1, few + 1), *ratios, *(count for count in enough if count > 0)}))


def _lengths(members: Sequence[NetworkOption]) -> tuple[int, ...]:
    """Return the lengths up to the first one with which all of these members learn all that they can."""
    useful = max(useful_epochs(one.updates) for one in members)
    return tuple(one for one, before in zip(LENGTHS, (0, *LENGTHS), strict=False) if before < useful)
