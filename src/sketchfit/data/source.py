"""A data set that is being read: where its parts are, its tables, and what is wrong with them so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sketchfit.data.checks import TableProblems
from sketchfit.data.decoding import data_decoder
from sketchfit.data.layouts import LAYOUTS, Layout, find_layout
from sketchfit.data.listing import Listing
from sketchfit.data.read_settings import ReadSettings
from sketchfit.data.sheets import TABLE_SUFFIXES, Decoder, Sheet, TableError, is_table_name, read_sheet
from sketchfit.errors import UserError


@dataclass(frozen=True)
class DataSource:
    """A data set that is being read: where its parts are, and what is wrong with them so far.

    Attributes:
        layout: its parts.
        listing: content of the root.
        settings: of the user.
        decoder: of its text tables.
        problems: collects what is wrong.
        tables: collects the tables that were read, relative to the root.
    """

    layout: Layout
    listing: Listing
    settings: ReadSettings
    decoder: Decoder = field(default_factory=Decoder)
    problems: TableProblems = field(default_factory=TableProblems)
    tables: set[str] = field(default_factory=set)

    def sheet(self, path: Path | None) -> Sheet | None:
        """Read one of its tables; None if there is none or it cannot be read."""
        if path is None:
            return None
        self.tables.add(path.relative_to(self.layout.root).as_posix())
        return read_checked_sheet(path, self.layout.root, self.problems, self.decoder)


def find_source(data: Path, settings: ReadSettings) -> DataSource:
    """Find the parts of a data set.

    Raises:
        UserError: nothing to train on, or more than one candidate.
    """
    if not data.exists():
        raise UserError(f"{data} does not exist", LAYOUTS)
    if data.is_file() and not is_table_name(data.name):
        raise UserError(f"{data} is neither a folder nor a table ({', '.join(TABLE_SUFFIXES)})", LAYOUTS)
    listing = Listing(data if data.is_dir() else data.parent, settings.follow_links)
    layout = find_layout(data, listing, settings.names)
    decoder = data_decoder((layout.train_table, layout.test_table, layout.sample), listing, settings.encoding)
    return DataSource(layout, listing, settings, decoder)


def read_checked_sheet(path: Path, root: Path, problems: TableProblems, decoder: Decoder | None = None) -> Sheet | None:
    """Read a table; None if it cannot be read, which is a problem. Messages name its path relative to `root`."""
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
    try:
        sheet = read_sheet(path, name, decoder)
    except TableError as error:
        problems.add(*error.args)
        return None
    for note in sheet.notes:
        problems.note(note)
    return sheet
