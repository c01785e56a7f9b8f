"""Convert the label cells of a training table to class indices 0 … C-1, class names and the user's class labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sketchfit.data.checks import TableProblems
from sketchfit.data.class_names import names_of
from sketchfit.data.label_notes import note_gaps, note_similar, note_spellings
from sketchfit.data.label_text import MISSING_TEXTS, as_integer, clean_label, label_order, number_key
from sketchfit.data.read_settings import Labels
from sketchfit.data.sheets import Sheet
from sketchfit.wording import counted, listed

MAX_MISTAKES = 0.1
"""Largest share of labels that are taken for mistakes among numbers."""
BLANKS = " \t\r\n"
"""Around a label these are no part of it, without a note."""


@dataclass(frozen=True)
class Classes:
    """The classes of a table.

    Attributes:
        label: int64 [N], class index of each row.
        names: C names by class index, for display.
        labels: C texts by class index: what the user's label column calls each class.
    """

    label: np.ndarray[Any, Any]
    names: tuple[str, ...]
    labels: tuple[str, ...]


def read_classes(
    sheet: Sheet,
    cells: Sequence[str],
    names: Sequence[str] | None,
    folders: Sequence[str],
    problems: TableProblems,
    mode: Labels = "auto",
) -> Classes | None:
    """Number the classes of a training table.

    Spellings that look the same are one class (`label_text.clean_label`), with a note. Where all labels are integers, 7
    and 7.0 are one class too, and 007 is another. The label of a class is its plain spelling where that occurs, else
    its most frequent one. Classes are in the order of `label_text.label_order`.

    Args:
        sheet: the table, for messages.
        cells: N label cells.
        names: N cells of the column of class names, if there is one besides the labels.
        folders: N names of the folder of each image ("" if there is none): names of numbered classes where the table
            has none.
        problems: receives what is wrong.
        mode: `names`: labels are text; `integers`: they must be integers, and 7 and 007 are one class; `auto`: they are
            integers where all are.

    Returns:
        None if there are problems.
    """
    before = len(problems.found)
    problems.rows(sheet, "no label", [(row, "") for row, cell in enumerate(cells) if not cell.strip()])
    if names is not None:
        problems.rows(sheet, "no class name", [(row, "") for row, cell in enumerate(names) if not cell.strip()])
    numbered = _are_numbers(sheet, cells, mode, problems)
    if len(problems.found) > before:
        return None
    keys = [_key(cell, numbered, mode) for cell in cells]
    order = sorted(set(keys), key=label_order)
    _check_repeated(sheet, keys, problems)
    spellings = _spellings(order, keys, cells)
    labels = {key: _chosen_spelling(key, spellings[key]) for key in order}
    shown = names_of(sheet, keys, labels, names, folders if numbered else None, problems)
    if len(problems.found) > before:
        return None
    note_spellings(sheet, labels, spellings, problems)
    note_similar(sheet, {labels[key]: spellings[key].total() for key in order}, problems)
    if numbered:
        note_gaps(sheet, [int(key) for key in order], problems)
    index = {key: number for number, key in enumerate(order)}
    label = np.array([index[key] for key in keys], dtype=np.int64)
    return Classes(label, tuple(shown[key] for key in order), tuple(labels[key] for key in order))


def _spellings(order: Sequence[str], keys: Sequence[str], cells: Sequence[str]) -> dict[str, Counter[str]]:
    """Return for each key, in the order of classes, how many rows have each spelling."""
    spellings: dict[str, Counter[str]] = {key: Counter() for key in order}
    for key, cell in zip(keys, cells, strict=True):
        spellings[key][cell.strip(BLANKS)] += 1
    return spellings


def _chosen_spelling(key: str, counts: Mapping[str, int]) -> str:
    """Return the plain spelling of a class, which is its key, if it occurs; else the most frequent one."""
    return key if key in counts else min(counts, key=lambda spelling: (-counts[spelling], spelling))


def _key(cell: str, numbered: bool, mode: Labels) -> str:
    """Return the text by which labels are the same class."""
    if not numbered:
        return clean_label(cell)
    return number_key(cell) if mode == "auto" else str(as_integer(cell))


def _are_numbers(sheet: Sheet, cells: Sequence[str], mode: Labels, problems: TableProblems) -> bool:
    """Return whether all labels are integers.

    With `integers`, labels that are not are problems. With `auto`, they are where most labels are integers and the
    texts among them are probably mistakes (`_mistakes`); otherwise each text is a class, and a note names them.
    """
    if mode == "names":
        return False
    texts = {row: cell.strip() for row, cell in enumerate(cells) if cell.strip() and as_integer(cell) is None}
    filled = sum(bool(cell.strip()) for cell in cells)
    if mode == "integers":
        _report_texts(sheet, texts, "", problems)
    elif 2 * len(texts) > filled:
        return False
    elif mistakes := _mistakes(texts, filled):
        _report_texts(sheet, mistakes, "If these are names of classes, set data.labels=names.", problems)
    elif texts:
        _note_texts(sheet, texts, problems)
    return not texts


def _mistakes(texts: Mapping[int, str], filled: int) -> Mapping[int, str]:
    """Return the texts among integers that are probably no names of classes.

    A text in several rows is a class, unless it is written for missing numbers. With such a class, the other texts are
    classes too. Without one, few texts are mistakes. Many texts of one row each are classes, and only those in several
    rows, which are written for missing numbers, are mistakes.

    Args:
        texts: row to label, of the labels that are not integers.
        filled: number of rows with a label.
    """
    counts = Counter(texts.values())
    repeated = {text for text, count in counts.items() if count > 1}
    if any(text.casefold() not in MISSING_TEXTS for text in repeated):
        return {}
    if len(texts) <= MAX_MISTAKES * filled:
        return texts
    return {row: text for row, text in texts.items() if text in repeated}


def _report_texts(sheet: Sheet, texts: Mapping[int, str], after: str, problems: TableProblems) -> None:
    details = [(row, repr(text)) for row, text in texts.items()]
    problems.rows(sheet, "label is not an integer", details, after)


def _note_texts(sheet: Sheet, texts: Mapping[int, str], problems: TableProblems) -> None:
    counts = Counter(texts.values())
    shown = listed([f"{text!r} ({counted(count, 'row')})" for text, count in counts.most_common()])
    problems.note(
        f"{sheet.name}: labels are numbers and texts ({shown}); each is a class by its name. "
        "If they must be numbers, set data.labels=integers"
    )


def _check_repeated(sheet: Sheet, keys: Sequence[str], problems: TableProblems) -> None:
    """Report a column in which no label occurs twice: it identifies images, not classes."""
    if len(keys) > 1 and len(set(keys)) == len(keys):
        problems.add(
            f"{sheet.name}: each of the {len(keys):,} rows has a label of its own, for example {keys[0]!r}; is this "
            "the column of classes? Name it with --label-column."
        )
