"""Candidate keys: groupings of the rows that their names, folders, columns and EXIF fields suggest.

A value that occurs in several classes has two readings: `drawer 3` is the same person in every class (crossed),
`photo 3` may be another photo in each class (nested). Both are candidates; their features decide (`evidence`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from sketchfit.errors import UserError
from sketchfit.relations.column_parts import column_parts
from sketchfit.relations.folder_patterns import folder_patterns
from sketchfit.relations.key import NO_VALUE, Groups, Key, nested_in_class, pair_counts
from sketchfit.relations.name_patterns import name_patterns
from sketchfit.relations.origins import Origins
from sketchfit.relations.syntax import GroupPart, parse_group, values_key

MOST_KEYS, MOST_TRAITS = 40, 10
"""Keys beyond are left out: each costs power, as the evidence is corrected for the number of keys."""
LEAST_GROUPS = 5
"""Fewer groups cannot fill the usual number of folds; they are traits, such as left and right."""
LEAST_RELATED = 0.02
"""Share of the rows that share a group with another."""
LEAST_DIVIDED = 0.1
"""Share of the rows whose class a key divides."""
_ONE_GROUP = 0.95
_SAME = 0.6
"""Share of a class's rows in one group, and of the group's rows in the class, from which the two are the same: the
folders or the earlier labels of a table whose labels were corrected, or are wrong in part."""

_EXIF = ("BodySerialNumber", "CameraOwnerName", "Artist", "Model", "DateTimeOriginal", "DateTime")
_DAY = r"^(\d{4}\D\d{2}\D\d{2})"


@dataclass(frozen=True)
class Candidates:
    """What the facts about rows suggest.

    Attributes:
        keys: groupings that may relate rows, at most 40, the simplest names first.
        traits: groupings across classes with two to four groups: too few for folds, but they may explain others.
    """

    keys: tuple[Key, ...]
    traits: tuple[Key, ...]


def find_candidates(origins: Origins) -> Candidates:
    """Return the groupings that may relate rows, and traits.

    Left out are keys whose groups are the classes or contain complete classes, those with hardly a group of two rows,
    and those with the same groups as an earlier key.

    Args:
        origins: facts about the rows.
    """
    found: dict[bytes, Key] = {}
    for key in _readings(_parts(origins), origins):
        if worth_testing(key.train, origins.label, least_groups=2):
            found.setdefault(_partition(key.train), key)
    keys = [key for key in found.values() if _groups(key) >= LEAST_GROUPS]
    traits = [key for key in found.values() if _groups(key) < LEAST_GROUPS and not key.nested]
    return Candidates(tuple(keys[:MOST_KEYS]), tuple(traits[:MOST_TRAITS]))


def worth_testing(group: Groups, label: Groups, least_groups: int = LEAST_GROUPS) -> bool:
    """Return whether groups could relate rows that folds would otherwise separate.

    Args:
        group: int64 [N]; -1 for rows without a value.
        label: int64 [N], class of each row.
        least_groups: with fewer groups they could not.
    """
    has_value = group != NO_VALUE
    sizes = np.bincount(group[has_value]) if has_value.any() else np.zeros(0, np.int64)
    related = int(sizes[sizes > 1].sum())
    return (
        int((sizes > 0).sum()) >= least_groups
        and related >= max(LEAST_RELATED * len(group), 2)
        and divided_rows(group, label) >= LEAST_DIVIDED * len(group)
    )


def divided_rows(group: Groups, label: Groups) -> int:
    """Count the rows of divided classes: no group has nearly all rows of the class (95 %), or is the same as the class.

    A group and a class are the same if each has at least 60 % of the rows of the other. Folds that kept such a group
    together would validate a class that their networks have not learnt.

    Args:
        group: int64 [N]; -1 for rows without a value.
        label: int64 [N], class of each row.
    """
    has_value = group != NO_VALUE
    pairs, _, counts = pair_counts(label[has_value], group[has_value])
    rows = np.bincount(label)
    largest, same = np.zeros(len(rows), dtype=np.int64), np.zeros(len(rows), dtype=np.bool_)
    np.maximum.at(largest, pairs[0], counts)
    sizes = np.bincount(group[has_value], minlength=1)
    same[pairs[0][(counts >= _SAME * rows[pairs[0]]) & (counts >= _SAME * sizes[pairs[1]])]] = True
    return int(rows[(largest > 0) & (largest < _ONE_GROUP * rows) & ~same & (rows > 1)].sum())


def _groups(key: Key) -> int:
    return len(np.unique(key.train[key.train != NO_VALUE]))


def _parts(origins: Origins) -> Iterator[str]:
    """Yield parts of `folds.group` to try, the simplest first."""
    train = origins.train
    yield from column_parts(train.columns)
    yield from (f"folder:{pattern}" for pattern in folder_patterns(train.folders))
    for tag in _EXIF:
        if tag in train.exif:
            yield f"exif:{tag}:{_DAY}" if tag.startswith("DateTime") else f"exif:{tag}"
    yield from (f"name:{pattern}" for pattern in name_patterns(train.stems))


def _readings(texts: Iterable[str], origins: Origins) -> Iterator[Key]:
    """Yield the crossed keys, then the nested ones."""
    columns = tuple(origins.train.columns)
    crossed = [values_key(part, origins) for text in texts if (part := _part(text, columns)) is not None]
    yield from sorted(crossed, key=lambda key: len(key.test) > 0 and bool((key.test == NO_VALUE).all()))
    for key in crossed:
        if _in_several_classes(key.train, origins.label):
            yield nested_in_class(key, origins.label)


def _part(text: str, columns: tuple[str, ...]) -> GroupPart | None:
    """Return the part that a generated text describes; None where its column or pattern cannot be written so."""
    try:
        parts = parse_group(text, columns)
    except UserError:  # for example a column with " + " in its name
        return None
    return parts[0] if len(parts) == 1 else None


def _in_several_classes(group: Groups, label: Groups) -> bool:
    has_value = group != NO_VALUE
    pairs, _, _ = pair_counts(group[has_value], label[has_value])
    return bool(pairs.shape[1] > len(np.unique(pairs[0])))


def _partition(group: Groups) -> bytes:
    """Return the same bytes for groups that relate the same rows."""
    sizes = np.bincount(group[group != NO_VALUE], minlength=1)
    related = np.flatnonzero((group != NO_VALUE) & (sizes[group] > 1))
    numbers: dict[int, int] = {}
    canonical = np.full(len(group), NO_VALUE, dtype=np.int64)
    canonical[related] = [numbers.setdefault(value, len(numbers)) for value in group[related].tolist()]
    return canonical.tobytes()
