"""Collect the problems of tables, so that one run reports them all, and find columns by their usual names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sketchfit.data.sheets import Sheet
from sketchfit.errors import UserError
from sketchfit.wording import counted, listed

IMAGE_COLUMNS = (
    "image_path", "image", "path", "file_path", "filepath", "file_name", "filename", "file", "img_path", "img",
)  # fmt: skip
LABEL_COLUMNS = ("target", "label", "class_id", "class_index", "class", "category", "category_id")
NAME_COLUMNS = ("class_name", "label_name", "category_name")

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
        """Raise all problems, if there are any."""
        if self.found:
            raise UserError(self.found, hint)


def about_rows(sheet: Sheet, what: str, details: Sequence[tuple[int, str]], after: str = "") -> str:
    """Return a sentence about rows: what it is, how many there are, and the first ten (row, text)."""
    named = listed([f"{sheet.where(row)} {text}".strip() for row, text in details])
    return f"{sheet.name}: {what} ({counted(len(details), 'row')}): {named}" + (f". {after}" if after else "")


def find_column(sheet: Sheet, usual: Iterable[str]) -> str | None:
    """Return the first of the usual names that is a column, ignoring case."""
    by_key = {name.casefold(): name for name in reversed(sheet.header)}
    return next((by_key[name.casefold()] for name in usual if name.casefold() in by_key), None)


def nearest_column(sheet: Sheet, wanted: str) -> str | None:
    """Return the column whose name is most likely a misspelling of the wanted one, if any."""
    keys = {name.casefold(): name for name in sheet.header}
    near = difflib.get_close_matches(wanted.casefold(), list(keys), n=1, cutoff=0.6)
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
        option: option of the command line that names it.
        problems: receives a problem if there is no such column, with the columns that exist and the nearest.
    """
    column = find_column(sheet, usual if given is None else (given,))
    if column is None:
        wanted = given or usual[0]
        near = nearest_column(sheet, wanted)
        nearest = "" if near is None else f" Did you mean {near!r}?"
        problems.add(
            f"{sheet.name}: no column {wanted!r} for the {what}; "
            f"it has {listed([repr(name) for name in sheet.header])}.{nearest} Name it with {option}."
        )
    return column
