"""Notes on labels that are right and deserve a second look: several spellings, letter case, gaps in numbers."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

from sketchfit.data.checks import TableProblems
from sketchfit.data.label_text import as_integer, clean_label
from sketchfit.data.sheets import Sheet
from sketchfit.wording import counted, listed


def note_spellings(
    sheet: Sheet, labels: Mapping[str, str], spellings: Mapping[str, Counter[str]], problems: TableProblems
) -> None:
    """Note classes whose label is written in several ways; `labels` and `spellings` are by class."""
    several = [
        f"{labels[key]!r} is also written {_others(labels[key], found)}"
        for key, found in spellings.items()
        if len(found) > 1
    ]
    if several:
        problems.note(f"{sheet.name}: spellings that look the same are one class: {listed(several)}")


def note_similar(sheet: Sheet, counts: Mapping[str, int], problems: TableProblems) -> None:
    """Note labels that differ only by letter case, quotes, or zeros before a number: they are different classes.

    Args:
        sheet: the table, for messages.
        counts: number of rows by label.
        problems: receives the note.
    """
    alike: dict[str, list[str]] = {}
    for label in counts:
        number = as_integer(label)
        key = " ".join(clean_label(label).casefold().split()).strip("\"'") if number is None else str(number)
        alike.setdefault(key, []).append(label)
    groups = [
        " and ".join(f"{label!r} ({counted(counts[label], 'row')})" for label in group)
        for group in alike.values()
        if len(group) > 1
    ]
    if groups:
        problems.note(
            f"{sheet.name}: warning: labels that are nearly the same are different classes: {listed(groups)}. "
            "If they are one class, write them in the same way"
        )


def note_gaps(sheet: Sheet, order: Sequence[int], problems: TableProblems) -> None:
    """Note numbers between the first and the last class that have no row, where they are few."""
    missing = sorted(set(range(order[0], order[-1] + 1)) - set(order)) if order[-1] - order[0] < 10 * len(order) else []
    if missing:
        gap = listed([str(number) for number in missing])
        problems.note(f"{sheet.name}: no image has the class numbers {gap}; {len(order)} classes are trained")


def _others(label: str, found: Counter[str]) -> str:
    """Return the other spellings with their rows; one that looks equal is shown with escapes."""
    composed = unicodedata.normalize("NFC", label)
    texts = []
    for text, count in found.most_common():
        if text != label:
            shown = ascii(text) if unicodedata.normalize("NFC", text) == composed else repr(text)
            texts.append(f"{shown} ({counted(count, 'row')})")
    return " and ".join(texts)
