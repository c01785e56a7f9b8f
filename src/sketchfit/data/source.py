"""A data set that is being read: where its parts are, its tables, and what is wrong with them so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sketchfit.data.checks import TableProblems
from sketchfit.data.layouts import LAYOUTS, Layout, find_layout
from sketchfit.data.listing import Listing
from sketchfit.data.read_settings import ReadSettings
from sketchfit.data.text_tables import TABLE_SUFFIXES, Sheet, TableError, read_sheet
from sketchfit.errors import UserError


@dataclass(frozen=True)
class DataSource:
    """A data set that is being read: where its parts are, and what is wrong with them so far."""

    layout: Layout
    listing: Listing
    settings: ReadSettings
    problems: TableProblems = field(default_factory=TableProblems)

    def sheet(self, path: Path | None) -> Sheet | None:
        """Read one of its tables; None if there is none or it cannot be read."""
        return None if path is None else read_checked_sheet(path, self.layout.root, self.problems)


def find_source(data: Path, settings: ReadSettings) -> DataSource:
    """Find the parts of a data set.

    Raises:
        UserError: nothing to train on, or more than one candidate.
    """
    if not data.exists():
        raise UserError(f"{data} does not exist", LAYOUTS)
    if data.is_file() and not data.name.lower().endswith(TABLE_SUFFIXES):
        raise UserError(f"{data} is neither a folder nor a table ({', '.join(TABLE_SUFFIXES)})", LAYOUTS)
    listing = Listing(data if data.is_dir() else data.parent)
    return DataSource(find_layout(data, listing, settings.names), listing, settings)


def read_checked_sheet(path: Path, root: Path, problems: TableProblems) -> Sheet | None:
    """Read a table; None if it cannot be read, which is a problem. Messages name its path relative to `root`."""
    try:
        sheet = read_sheet(path, path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path))
    except TableError as error:
        problems.add(*error.args)
        return None
    if sheet.guessed:
        problems.note(f"{sheet.name} is not UTF-8; it was read as {sheet.encoding}")
    return sheet
