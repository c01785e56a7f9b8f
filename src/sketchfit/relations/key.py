"""A key: the group of each row, under a name that a user can write in `folds.group`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Groups = NDArray[np.int64]
Origin = Literal["name", "folder", "column", "exif", "near_duplicate", "cluster", "none", "joined"]

NO_VALUE = -1
"""Group of a row that has no value: it is related to no other row."""


@dataclass(frozen=True)
class Key:
    """Groups of training and test rows.

    Attributes:
        name: as in `folds.group`, for example `name:^(.+)-\\d+$` or `drawer`.
        origin: what the groups were read from.
        train: int64 [N], group of each training row, 0 …; -1 where it has no value.
        test: int64 [M], of each test row; the same number in both is the same group.
        nested: whether the value counts within its class only, so that it is not known for test rows.
    """

    name: str
    origin: Origin
    train: Groups
    test: Groups
    nested: bool = False


def key_of(name: str, origin: Origin, train: Sequence[str | None], test: Sequence[str | None]) -> Key:
    """Return the key of N + M values, numbered in the order of their first appearance; None is no value."""
    numbers: dict[str, int] = {}
    groups = [NO_VALUE if value is None else numbers.setdefault(value, len(numbers)) for value in (*train, *test)]
    found = np.array(groups, dtype=np.int64)
    return Key(name, origin, found[: len(train)], found[len(train) :])


def nested_in_class(key: Key, label: Groups) -> Key:
    """Return the key whose groups are the given key's within each class.

    A test row keeps its group only where all training rows of that value have one class.

    Args:
        key: whose values may occur in several classes.
        label: int64 [N], class of each training row.
    """
    has_value = key.train != NO_VALUE
    pairs, group, _ = pair_counts(key.train[has_value], label[has_value])
    train = np.full(len(label), NO_VALUE, dtype=np.int64)
    train[has_value] = group
    values, first, classes = np.unique(pairs[0], return_index=True, return_counts=True)
    unique = dict(zip(values[classes == 1].tolist(), first[classes == 1].tolist(), strict=True))
    several = set(values[classes > 1].tolist())
    new = pairs.shape[1]  # values of test rows alone are groups of their own
    test = [
        NO_VALUE if value == NO_VALUE or value in several else unique.get(value, new + value)
        for value in key.test.tolist()
    ]
    return Key(f"class/{key.name}", key.origin, train, np.array(test, dtype=np.int64), nested=True)


def pair_counts(first: Groups, second: Groups) -> tuple[Groups, Groups, Groups]:
    """Return the distinct pairs of two arrays of n numbers from 0.

    Returns:
        int64 [2, pairs], sorted by the first and then the second number; int64 [n], position of each pair; int64
        [pairs], how often each occurs.
    """
    width = int(second.max(initial=0)) + 1
    codes, position, counts = np.unique(first * width + second, return_inverse=True, return_counts=True)
    return np.stack(np.divmod(codes, width)), position.astype(np.int64), counts.astype(np.int64)


def joined(name: str, keys: Sequence[Key]) -> Key:
    """Return the groups of rows that are connected by any of the keys, directly or through other rows.

    Args:
        name: of the result.
        keys: one or more.
    """
    rows = len(keys[0].train)
    count = rows + len(keys[0].test)
    edges, nodes, linked = [], count, np.zeros(count, dtype=np.bool_)
    for key in keys:
        groups = np.concatenate([key.train, key.test])
        with_value = np.flatnonzero(groups != NO_VALUE)
        value = np.unique(groups[with_value], return_inverse=True)[1]
        edges.append(np.stack([with_value, nodes + value]))
        nodes += int(value.max(initial=-1)) + 1
        linked[with_value] = True
    ends = np.concatenate(edges, axis=1)
    graph = coo_array((np.ones(ends.shape[1], np.int8), (ends[0], ends[1])), shape=(nodes, nodes))
    component = connected_components(graph, directed=False)[1][:count].astype(np.int64)
    component[~linked] = NO_VALUE
    return Key(name, "joined", component[:rows], component[rows:])


def own_groups(group: Groups) -> Groups:
    """Return the groups, int64 [N], with a new number for each row that has no value.

    >>> own_groups(np.array([3, -1, 3, -1])).tolist()
    [3, 4, 3, 5]
    """
    complete = group.copy()
    alone = np.flatnonzero(group == NO_VALUE)
    complete[alone] = int(group.max(initial=-1)) + 1 + np.arange(len(alone))
    return complete


def keeps_together(coarse: Groups, fine: Groups) -> bool:
    """Return whether each fine group is in one coarse group; both int64 [N] from 0, every row has a group.

    >>> keeps_together(np.array([0, 0, 1]), np.array([5, 5, 6]))
    True
    """
    return len(pair_counts(fine, coarse)[2]) == len(np.unique(fine))
