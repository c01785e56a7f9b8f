"""Collect the problems of tables, so that one run reports them all, and find columns by their usual names."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sketchfit.data.sheets import Sheet
from sketchfit.errors import DataError
from sketchfit.wording import counted, listed

IMAGE_COLUMNS = (
    "image_path", "image", "path", "file_path", "filepath", "file_name", "filename", "file", "img_path", "img",
)  # fmt: skip
LABEL_COLUMNS = ("target", "label", "class_id", "class_index", "class", "category", "category_id", "word")
NAME_COLUMNS = ("class_name", "label_name", "category_name")

MOST_NUMBERED = 30
"""A table with more numbered columns, or more numbers in a cell, has pixels in place of paths."""

HINT = "No run was started: fix the tables and start the same command again."


@dataclass
class TableProblems:
    """Collects problems for one `UserError`, and notes, which are not errors. One sentence each."""

    found: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *sentences: str) -> None:
        """Add problems."""
        self.found.extend(sentences)

    def note(self, sentence: str) -> None:
        """Add something to know that is not an error."""
        self.notes.append(sentence)

    def rows(self, sheet: Sheet, what: str, details: Sequence[tuple[int, str]], after: str = "") -> None:
        """Add one problem of several rows: what is wrong, how many rows there are, and the first ten (row, text)."""
        if details:
            self.add(about_rows(sheet, what, details, after))

    def stop(self, hint: str = HINT) -> None:
        """Raise all problems, if there are any, with the notes: they may explain them."""
        if self.found:
            raise DataError(self.found, "\n".join([*(f"note: {note}" for note in self.notes), hint]))


def about_rows(sheet: Sheet, what: str, details: Sequence[tuple[int, str]], after: str = "") -> str:
    """Return a sentence about rows: what it is, how many there are, and the first ten (row, text)."""
    named = listed([f"{sheet.where(row)} {text}".strip() for row, text in details])
    return f"{sheet.name}: {what} ({counted(len(details), 'row')}): {named}" + (f". {after}" if after else "")


def find_column(sheet: Sheet, usual: Iterable[str]) -> str | None:
    """Return the first of the usual names that is a column: exactly, else in other letter case or with blanks.

    >>> find_column(Sheet("t.csv", ("Label", "label", "Image Path"), (), (), "line"), ["label"])
    'label'
    """
    by_key = {_key(name): name for name in reversed(sheet.header)}
    return next((name if name in sheet.header else by_key[_key(name)] for name in usual if _key(name) in by_key), None)


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold().replace(" ", "_").replace("-", "_")


def nearest_column(sheet: Sheet, wanted: str) -> str | None:
    """Return the column whose name is most likely a misspelling of the wanted one, if any."""
    keys = {_key(name): name for name in sheet.header}
    near = difflib.get_close_matches(_key(wanted), list(keys), n=1, cutoff=0.6)
    return keys[near[0]] if near else None


def need_column(
    sheet: Sheet, given: str | None, usual: Sequence[str], what: str, option: str, problems: TableProblems
) -> str | None:
    """Return the given column, or else one with a usual name.

    Args:
        sheet: the table.
        given: name that the user gave, if any.
        usual: names that are recognised.
        what: content of the column, for messages.
        option: option of the command line that names it, such as `--image-column`; its setting is `data.image_column`.
        problems: receives a problem if there is no such column, with the columns that exist and the nearest.
    """
    column = find_column(sheet, usual if given is None else (given,))
    if column is None:
        wanted = given or usual[0]
        near = nearest_column(sheet, wanted)
        nearest = "" if near is None else f" Did you mean {near!r}?"
        setting = option.strip("-").replace("-", "_")
        others = "" if given is not None else f" (or {', '.join(map(repr, usual[1:]))})"
        problems.add(
            f"{sheet.name}: no column {wanted!r}{others} for the {what}; it has {listed(map(repr, sheet.header))}."
            f"{nearest} {instead_of_paths(sheet) or f'Name it with {option} (data.{setting}).'}"
        )
    return column


def instead_of_paths(sheet: Sheet) -> str:
    """Return how to reach a supported layout from one that is none, as a sentence; "" if nothing is recognised."""
    cells = [cell for row in sheet.rows[:5] for cell in row]
    if sum(bool(re.fullmatch(r"\D*\d+(x\d+)?", name)) for name in sheet.header) > MOST_NUMBERED:
        return "Its columns seem to be pixels: write each row as an image file, in one folder per class."
    if any(len(cell.split()) > MOST_NUMBERED and set(cell) <= set("0123456789. ") for cell in cells):
        return "It seems to have pixels in its cells: write each row as an image file, in one folder per class."
    if any(cell.startswith(("http://", "https://")) for cell in cells):
        return "It has addresses: download the images, and name their files."
    return ""
