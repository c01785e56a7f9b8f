"""What is wrong with the tables, collected so that one run shows all of it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sketchfit.data.text_tables import Sheet
from sketchfit.errors import UserError
from sketchfit.wording import listed

IMAGE_COLUMNS = (
    "image_path", "image", "path", "file_path", "filepath", "file_name", "filename", "file", "img_path", "img",
)  # fmt: skip
LABEL_COLUMNS = ("target", "label", "class_id", "class_index", "class", "category")
NAME_COLUMNS = ("class_name", "label_name", "category_name")

HINT = "Nothing was read into a run: put the tables right and start the same command again."


@dataclass
class Problems:
    """Collects sentences for one `UserError`, and notes that are no errors."""

    found: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *sentences: str) -> None:
        """Add problems."""
        self.found.extend(sentences)

    def note(self, sentence: str) -> None:
        """Add something worth knowing that is no error."""
        self.notes.append(sentence)

    def rows(self, sheet: Sheet, what: str, details: Sequence[tuple[int, str]], after: str = "") -> None:
        """Add one problem of several rows: what is wrong, the first ten (row, text) of them, and how many there are."""
        if details:
            self.add(about_rows(sheet, what, details, after))

    def stop(self, hint: str = HINT) -> None:
        """Raise what was found, if anything was."""
        if self.found:
            raise UserError(self.found, hint)


def about_rows(sheet: Sheet, what: str, details: Sequence[tuple[int, str]], after: str = "") -> str:
    """A sentence about rows: what about them, how many there are, and the first ten."""
    count = f"{len(details):,} {'row' if len(details) == 1 else 'rows'}"
    named = listed([f"{sheet.where(row)} {text}".strip() for row, text in details])
    return f"{sheet.name}: {what} ({count}): {named}" + (f". {after}" if after else "")


def find_column(sheet: Sheet, usual: Iterable[str]) -> str | None:
    """The first of the usual names that is a column, letter case overlooked."""
    by_key = {name.casefold(): name for name in reversed(sheet.header)}
    return next((by_key[name.casefold()] for name in usual if name.casefold() in by_key), None)


def nearest_column(sheet: Sheet, wanted: str) -> str | None:
    """The column whose name looks most like a misspelling of the wanted one, if any does."""
    keys = {name.casefold(): name for name in sheet.header}
    near = difflib.get_close_matches(wanted.casefold(), list(keys), n=1, cutoff=0.6)
    return keys[near[0]] if near else None


def need_column(
    sheet: Sheet, asked: str | None, usual: Sequence[str], what: str, option: str, problems: Problems
) -> str | None:
    """The column asked for, or else a usual one; if missing, a problem names those that exist and the nearest."""
    column = find_column(sheet, usual if asked is None else (asked,))
    if column is None:
        wanted = asked or usual[0]
        near = nearest_column(sheet, wanted)
        nearest = "" if near is None else f" Did you mean {near!r}?"
        problems.add(
            f"{sheet.name}: no column {wanted!r} for the {what}; "
            f"it has {listed([repr(name) for name in sheet.header])}.{nearest} Name it with {option}."
        )
    return column
