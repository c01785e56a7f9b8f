"""Names of classes for display: the table's column of names, else folders, else the labels."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

from sketchfit.data.checks import TableProblems
from sketchfit.data.label_text import clean_label
from sketchfit.data.sheets import Sheet
from sketchfit.wording import counted, listed


def names_of(
    sheet: Sheet,
    keys: Sequence[str],
    labels: Mapping[str, str],
    names: Sequence[str] | None,
    folders: Sequence[str] | None,
    problems: TableProblems,
) -> dict[str, str]:
    """Return the name of each class, composed (NFC).

    Args:
        sheet: the table, for messages.
        keys: N classes, one per row.
        labels: the user's label of each class: its name where there is no other.
        names: N cells of the column of names, if there is one. Classes and names must be one to one.
        folders: N folders of the images; they are names where classes and folders are one to one.
        problems: receives classes with several names, and names of several classes.
    """
    found = dict(labels)
    if names is not None:
        cleaned = [clean_label(name) for name in names]
        _check_one_to_one(sheet, [labels[key] for key in keys], cleaned, problems)
        found = dict(zip(keys, cleaned, strict=True))
    elif folders is not None:
        pairs = set(zip(keys, map(clean_label, folders), strict=True))
        distinct = {folder for _, folder in pairs}
        if "" not in distinct and len(pairs) == len(distinct) == len(labels):
            found = dict(pairs)
    return {key: unicodedata.normalize("NFC", name) for key, name in found.items()}


def _check_one_to_one(sheet: Sheet, labels: list[str], names: list[str], problems: TableProblems) -> None:
    pairs = Counter(zip(labels, names, strict=True))
    first: dict[tuple[str, str], int] = {}
    for row, pair in enumerate(zip(labels, names, strict=True)):
        first.setdefault(pair, row)
    for side, kind, other in ((0, "label", "class names"), (1, "class name", "labels")):
        groups: dict[str, list[tuple[str, str]]] = {}
        for pair in pairs:
            groups.setdefault(pair[side], []).append(pair)
        for value, group in sorted(groups.items()):
            if len(group) > 1:
                ranked = sorted(group, key=lambda pair: -pairs[pair])
                texts = [f"{p[1 - side]!r} ({counted(pairs[p], 'row')}, first {sheet.where(first[p])})" for p in ranked]
                problems.add(f"{sheet.name}: {kind} {value!r} goes with {len(group)} {other}: {listed(texts)}")
