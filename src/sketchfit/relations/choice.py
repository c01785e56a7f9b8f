"""Chooses the grouping with which validation resembles the test set.

Folds that keep related rows together are right where the test set shows new groups, and too pessimistic where it shows
the groups of the training set again. Where test rows name their group, it is known which of the two holds. Where a test
set shows both, the claim mixes them, as folds can show only one. Else the
certainty of a head on the rows decides (`resemblance`): of all groupings that are consistent with it, the one with the
fewest groups is taken. If a head is still clearly more certain of validation rows, similar rows are kept together
(`levels`). Without test rows, new groups are assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from sketchfit.relations.key import NO_VALUE, Key, joined, keeps_together, own_groups, pair_counts
from sketchfit.relations.keys import divided_rows
from sketchfit.relations.resemblance import FoldPlan, Resemblance

Ints = NDArray[np.int64]

KNOWN = 0.8
"""Share of the test rows with a value from which on a key decides by its values."""

SHARED, NEW = 0.95, 0.05
"""Share of those test rows whose value occurs in training: from here on groups are shared; up to here they are new.
Between them the folds keep groups together, and the claim accounts for the rows of known groups (`known_groups`).
Groups that the recipe sets are kept together in any case."""

LARGEST_GROUP = 0.5
"""A group with a larger share of the rows leaves too little to train on: such a grouping is not a candidate."""

DIVIDED = 0.5
"""Least share of the rows whose class has rows in several groups."""

CONSISTENT = 2.0
"""Standard errors by which a mismatch may exceed the smallest one."""


@dataclass(frozen=True)
class Grouping:
    """A grouping of the training rows for the folds.

    Attributes:
        name: as in `folds.group`.
        group: int64 [N]; every row has a group.
        keys: names of the related keys that it keeps together, without near-duplicates.
    """

    name: str
    group: Ints
    keys: tuple[str, ...] = ()

    @property
    def groups(self) -> int:
        """Number of groups."""
        return len(np.unique(self.group))


@dataclass(frozen=True)
class GroupingChoice:
    """The grouping of a run.

    Attributes:
        chosen: the candidate that is used.
        candidates: all that were compared, the one with the fewest groups first.
        resemblances: of each candidate, by name; empty where it was not measured.
        shared: share of the test rows whose value of a key occurs in training, by key; only keys that test rows have.
        reason: why it was chosen, one sentence.
        set_keys: those that the recipe names, without near-duplicates.
    """

    chosen: Grouping
    candidates: tuple[Grouping, ...]
    reason: str
    resemblances: Mapping[str, Resemblance] = field(default_factory=dict)
    shared: Mapping[str, float] = field(default_factory=dict)
    set_keys: tuple[Key, ...] = ()


Compare = Callable[[Mapping[str, Ints]], dict[str, Resemblance]]
"""Measures the resemblance of groupings by name; see `resemblance.resemblances`."""


def candidates_of(
    near_duplicate: Key, related: Sequence[Key], plan: FoldPlan, label: Ints | None = None
) -> tuple[Grouping, ...]:
    """Return the groupings that folds can use, those with the fewest groups first.

    Near-duplicates alone are always one of them; then each related key, and all of them together.

    Args:
        near_duplicate: copies, which always stay together.
        related: keys of which the features show that they relate rows.
        plan: of the folds.
        label: int64 [N], classes: a grouping that leaves most classes in one group each is not a candidate, as a fold
            would take all rows of a class away.
    """
    base = Grouping(near_duplicate.name, own_groups(near_duplicate.train))
    sets = [[key] for key in related] + ([list(related)] if len(related) > 1 else [])
    found = [base]
    for keys in sets:
        name = " + ".join([*(key.name for key in keys), near_duplicate.name])
        if len(keys) == 1:
            group = with_copies(keys[0], near_duplicate, plan)
        else:
            group = own_groups(joined(name, [*keys, near_duplicate]).train)
        kept = tuple(
            key.name
            for key in related
            if any(key is one for one in keys) or keeps_together(group, own_groups(key.train))
        )
        one = Grouping(name, group, kept)
        fits = _fits(one.group, plan) and (label is None or divided_rows(one.group, label) >= DIVIDED * len(label))
        if fits and not any(_same(one.group, other.group) for other in found):
            found.append(one)
    return tuple(sorted(found, key=lambda one: one.groups))


def with_copies(key: Key, near_duplicate: Key, plan: FoldPlan) -> Ints:
    """Return groups, int64 [N], that keep a key and copies together.

    Rows that share either are joined; where that leaves too few or too large groups, copies are moved.
    """
    group = own_groups(joined(key.name, [key, near_duplicate]).train)
    return group if _fits(group, plan) else copies_moved(key, near_duplicate)


def copies_moved(key: Key, near_duplicate: Key) -> Ints:
    """Return the groups of a key, int64 [N], with all copies of a row in the group of most of them.

    A few copies across large groups (two drawers' letters that look the same) would join these groups. So the copies
    are moved instead: copies stay together, and of the key only these rows do not.
    """
    group, copies = own_groups(key.train), np.unique(own_groups(near_duplicate.train), return_inverse=True)[1]
    pairs, counts = np.unique(np.stack([copies, group]), axis=1, return_counts=True)
    order = np.lexsort((pairs[1], -counts, pairs[0]))
    first = np.unique(pairs[0][order], return_index=True)[1]
    most: Ints = pairs[1][order][first]
    return most[copies]


def _same(one: Ints, other: Ints) -> bool:
    pairs = len(pair_counts(one, other)[2])
    return pairs == len(np.unique(one)) == len(np.unique(other))


def _fits(group: Ints, plan: FoldPlan) -> bool:
    sizes = np.unique(group, return_counts=True)[1]
    return len(sizes) >= plan.k and int(sizes.max(initial=0)) <= LARGEST_GROUP * len(group)


def shared_with_test(key: Key) -> float | None:
    """Return the share of the test rows with a value whose value occurs in training.

    Returns:
        0 … 1; None where fewer than 80 % of the test rows have a value, or there are no test rows.
    """
    known = key.test[key.test != NO_VALUE]
    if key.nested or len(known) == 0 or len(known) < KNOWN * len(key.test):
        return None
    return float(np.isin(known, key.train).mean())


def choose(
    candidates: Sequence[Grouping], related: Sequence[Key], test_rows: int, compare: Compare | None
) -> GroupingChoice:
    """Choose a grouping.

    Args:
        candidates: from `candidates_of`.
        related: the keys that they use, the strongest first.
        test_rows: their number.
        compare: measures how groupings resemble the test rows; called only where that decides. None: too few test rows.
    """
    everything = tuple(candidates)
    if len(everything) == 1:
        why = "no other relation between rows was found"
        if related:
            why = (
                f"WARNING: rows are related by {related[0].name}, but it leaves fewer groups than folds or too large "
                "ones: the figures are too high if the test set shows new groups (set a smaller folds.k)"
            )
        return GroupingChoice(everything[0], everything, why)
    if not test_rows:
        return _new_groups(everything, related, "there is no test set")
    shared = {key.name: share for key in related if (share := shared_with_test(key)) is not None}
    left = _allowed_by_names(everything, shared)
    if len(left) == 1:
        return GroupingChoice(left[0], everything, _by_names(shared), shared=shared)
    if compare is None:
        return replace(_new_groups(left, related, "there are too few test rows to compare"), candidates=everything)
    found = compare({one.name: one.group for one in left})
    least = min(found[one.name].mismatch for one in left)
    # The candidates are sorted: the first that is consistent has the fewest groups.
    chosen = next(one for one in left if found[one.name].mismatch <= least + CONSISTENT * found[one.name].error)
    return GroupingChoice(chosen, everything, _by_distance(left, found), found, shared)


def _new_groups(candidates: Sequence[Grouping], related: Sequence[Key], why: str) -> GroupingChoice:
    """Assume new groups of the strongest key. Keys may cross, such as object and point of view; only one is used."""
    everything = tuple(candidates)
    # The last one that contains the strongest key has the most groups.
    names = [key.name for key in related if any(key.name in one.keys for one in everything)]
    chosen = next((one for one in reversed(everything) if names and names[0] in one.keys), everything[0])
    return GroupingChoice(chosen, everything, f"{why}, so new groups are assumed")


def with_resemblance(choice: GroupingChoice, compare: Compare) -> GroupingChoice:
    """Measure how the chosen grouping resembles the test set, where that was not needed for the choice."""
    if choice.chosen.name in choice.resemblances:
        return choice
    found = compare({choice.chosen.name: choice.chosen.group})
    return replace(choice, resemblances={**choice.resemblances, **found})


def known_groups(choice: GroupingChoice) -> tuple[float, Grouping] | None:
    """Return the share of test rows of groups that occur in training, although the folds keep these together.

    Of several keys, the smallest share counts. Keys of which (nearly) all test rows show known groups are kept together
    only where the recipe sets them.

    Returns:
        The share, and the grouping with which validation resembles such test rows; None where the test set shows new
        groups, or where folds separate those that it shows again.
    """
    mixed = {name: share for name, share in choice.shared.items() if share > NEW}
    separated = mixed.keys() & set(choice.chosen.keys)
    if not separated:
        return None
    others = set(choice.chosen.keys) - separated
    without = max((one for one in choice.candidates if set(one.keys) <= others), key=lambda one: len(one.keys))
    return min(mixed[name] for name in separated), without


def set_by_recipe(chosen: Grouping, keys: Sequence[Key], near_duplicate: Key, plan: FoldPlan) -> GroupingChoice:
    """Return the choice of a grouping that the recipe sets.

    Where the test set shows known groups again, the groupings that separate these are candidates too (`known_groups`).

    Args:
        chosen: keeps the keys and copies together.
        keys: those of `chosen`.
        near_duplicate: copies.
        plan: of the folds.
    """
    shared = {key.name: share for key in keys if (share := shared_with_test(key)) is not None}
    new = [key for key in keys if shared.get(key.name, 0.0) <= NEW]
    candidates = [chosen]
    if len(new) < len(keys):
        candidates.append(Grouping(near_duplicate.name, own_groups(near_duplicate.train)))
    if 0 < len(new) < len(keys):
        names = tuple(key.name for key in new)
        name = " + ".join([*names, near_duplicate.name])
        candidates.append(Grouping(name, with_copies(joined(name, new), near_duplicate, plan), names))
    candidates.sort(key=lambda one: one.groups)
    return GroupingChoice(chosen, tuple(candidates), "the recipe sets it", shared=shared, set_keys=tuple(keys))


def with_clusters(choice: GroupingChoice, levels: Sequence[Grouping], compare: Compare) -> GroupingChoice:
    """Keep similar rows together where a head is clearly more certain of validation rows than of test rows.

    Args:
        choice: by keys.
        levels: groupings by clusters.
        compare: see `choose`.

    Returns:
        The given choice where it resembles the test set; else the level that resembles it most, after a line is fitted
        through all levels, as each alone depends on chance.
    """
    choice = with_resemblance(choice, compare)
    known, own = choice.resemblances, choice.resemblances[choice.chosen.name]
    if not levels or not own.too_easy:
        return choice
    found = compare({one.name: one.group for one in levels})
    best = _on_the_line(levels, found, choice.chosen, own)
    if found[best.name].mismatch >= own.mismatch:
        return choice
    together = tuple(sorted([*choice.candidates, *levels], key=lambda one: one.groups))
    reason = (
        "no key explains why a head is more certain of a validation row than of a test row in "
        f"{100 * own.higher:.0f} % of all pairs; with clusters of similar rows together it is in "
        f"{100 * found[best.name].higher:.0f} %"
    )
    return GroupingChoice(best, together, reason, {**known, **found}, choice.shared)


def _on_the_line(
    levels: Sequence[Grouping], found: Mapping[str, Resemblance], plain: Grouping, own: Resemblance
) -> Grouping:
    """Return the level where a line through (logarithm of the groups, certainty) crosses one half, or the nearest."""
    groups = np.log([one.groups for one in (*levels, plain)])
    higher = [found[one.name].higher for one in levels] + [own.higher]
    slope, start = np.polyfit(groups, higher, 1)
    if slope <= 0:
        return min(levels, key=lambda one: found[one.name].mismatch)
    return min(levels, key=lambda one: abs(float(np.log(one.groups)) - (0.5 - start) / slope))


def _allowed_by_names(candidates: Sequence[Grouping], shared: Mapping[str, float]) -> list[Grouping]:
    """Leave out groupings that the values of test rows contradict; all stay if that would leave none."""
    again = {name for name, share in shared.items() if share >= SHARED}
    kept = shared.keys() - again
    left = [one for one in candidates if not again & set(one.keys) and kept <= set(one.keys)]
    return left or [one for one in candidates if not again & set(one.keys)] or list(candidates)


def _by_names(shared: Mapping[str, float]) -> str:
    parts = [
        f"{100 * share:.0f} % of the test rows have a value of {name} that occurs in training"
        for name, share in shared.items()
    ]
    return " and ".join(parts)


def _by_distance(left: Sequence[Grouping], found: Mapping[str, Resemblance]) -> str:
    """Return in words how certain a head is of validation and test rows."""
    texts = [f"{100 * found[one.name].higher:.0f} % with {one.name}" for one in left]
    return (
        "a head is more certain of a validation row than of a test row in "
        f"{', '.join(texts)} (50 %: validation resembles the test set)"
    )
