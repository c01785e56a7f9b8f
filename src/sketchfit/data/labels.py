"""Convert the label cells of a training table to class indices 0 … C-1, class names and the user's class labels."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sketchfit.data.checks import TableProblems
from sketchfit.data.text_tables import Sheet
from sketchfit.wording import listed

MAX_TARGET = 999_999
"""A larger class number is a mistake, for example an ID in the column of labels."""

_INTEGER = re.compile(r"([+-]?[0-9]+)(?:\.0*)?")


@dataclass(frozen=True)
class Classes:
    """The classes of a table.

    Attributes:
        label: int64 [N], class index of each row.
        names: C names by class index.
        labels: C texts by class index: what the user's label column calls each class.
    """

    label: np.ndarray[Any, Any]
    names: tuple[str, ...]
    labels: tuple[str, ...]


def as_integer(cell: str) -> int | None:
    """Return the integer in a cell (`7`, ` 7`, or `7.0` as pandas writes it), or None."""
    match = _INTEGER.fullmatch(cell.strip())
    return int(match[1]) if match and len(match[1]) < 20 else None


def read_classes(
    sheet: Sheet, labels: Sequence[str], names: Sequence[str] | None, folders: Sequence[str], problems: TableProblems
) -> Classes | None:
    """Number the classes of a training table.

    Labels are integers if at least half of them are; otherwise they are names, in sorted order. Integers are ordered by
    number: 0 … C-1 is expected, a gap or another start is noted. Negative numbers and those above `MAX_TARGET` are
    problems.

    Args:
        sheet: the table, for messages.
        labels: N label cells.
        names: N cells of the column of class names, if there is one besides the labels.
        folders: N names of the folder of each image ("" if there is none): class names where the table has none.
        problems: receives what is wrong.

    Returns:
        None if there are problems.
    """
    empty = [(row, "") for row, cell in enumerate(labels) if not cell.strip()]
    problems.rows(sheet, "no label", empty)
    if names is not None:
        problems.rows(sheet, "no class name", [(row, "") for row, cell in enumerate(names) if not cell.strip()])
    integers = [as_integer(cell) for cell in labels]
    filled = len(labels) - len(empty)
    if 2 * sum(value is not None for value in integers) < max(filled, 1):
        return None if empty else _by_name(sheet, [cell.strip() for cell in labels], names, problems)
    if _report_wrong_numbers(sheet, labels, integers, problems) or empty:
        return None
    targets = [value for value in integers if value is not None]
    named = _names_by_target(sheet, targets, names, folders, problems)
    if named is None:
        return None
    order = sorted(set(targets))
    _note_gaps(sheet, order, problems)
    index = {target: number for number, target in enumerate(order)}
    label = np.array([index[target] for target in targets], dtype=np.int64)
    return Classes(label, tuple(named[target] for target in order), tuple(map(str, order)))


def _report_wrong_numbers(
    sheet: Sheet, labels: Sequence[str], integers: Sequence[int | None], problems: TableProblems
) -> bool:
    """Report labels that are no integers or out of range; return whether there are any."""
    bad = [(row, repr(cell)) for row, cell in enumerate(labels) if integers[row] is None and cell.strip()]
    problems.rows(sheet, "label is not an integer", bad)
    out = [
        (row, str(value)) for row, value in enumerate(integers) if value is not None and not 0 <= value <= MAX_TARGET
    ]
    problems.rows(sheet, "label out of range", out, f"Class numbers run from 0 to at most {MAX_TARGET:,}.")
    return bool(bad or out)


def _names_by_target(
    sheet: Sheet, targets: list[int], names: Sequence[str] | None, folders: Sequence[str], problems: TableProblems
) -> dict[int, str] | None:
    if names is None:
        return _names_from_folders(targets, folders)
    stripped = [name.strip() for name in names]
    if not _one_to_one(sheet, [str(target) for target in targets], stripped, problems):
        return None
    return dict(zip(targets, stripped, strict=True))


def _by_name(sheet: Sheet, labels: list[str], names: Sequence[str] | None, problems: TableProblems) -> Classes | None:
    if names is not None and not _one_to_one(sheet, labels, [name.strip() for name in names], problems):
        return None
    named = dict(zip(labels, labels if names is None else [name.strip() for name in names], strict=True))
    order = sorted(set(labels))
    index = {name: number for number, name in enumerate(order)}
    label = np.array([index[name] for name in labels], dtype=np.int64)
    return Classes(label, tuple(named[name] for name in order), tuple(order))


def _one_to_one(sheet: Sheet, labels: list[str], names: list[str], problems: TableProblems) -> bool:
    before = len(problems.found)
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
                texts = [f"{p[1 - side]!r} ({pairs[p]:,} rows, first {sheet.where(first[p])})" for p in ranked]
                problems.add(f"{sheet.name}: {kind} {value!r} goes with {len(group)} {other}: {listed(texts)}")
    return len(problems.found) == before


def _names_from_folders(targets: list[int], folders: Sequence[str]) -> dict[int, str]:
    """Return the folder's name per class number if the two are one to one, else the number."""
    pairs = set(zip(targets, folders, strict=True))
    distinct = {folder for _, folder in pairs}
    if "" not in distinct and len(pairs) == len(distinct) == len(set(targets)):
        return dict(pairs)
    return {target: str(target) for target in targets}


def _note_gaps(sheet: Sheet, order: list[int], problems: TableProblems) -> None:
    missing = sorted(set(range(order[0], order[-1] + 1)) - set(order)) if len(order) < order[-1] - order[0] + 1 else []
    if missing:
        gap = listed([str(target) for target in missing])
        problems.note(f"{sheet.name}: no image has the class numbers {gap}; {len(order)} classes are trained")
    if order[0] > 1:
        problems.note(f"{sheet.name}: class numbers start at {order[0]}; predictions are written in the same numbers")
