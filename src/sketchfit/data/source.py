"""A data set that is being read: its files, its tables, and what is wrong with them so far."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sketchfit.data.checks import TableProblems
from sketchfit.data.decoding import data_decoder
from sketchfit.data.listing import Listing
from sketchfit.data.read_settings import ReadSettings
from sketchfit.data.sheets import Decoder, Sheet, TableError, read_sheet, table_suffix
from sketchfit.data.sheets.shards import shards_of


@dataclass
class DataSource:
    """A data set that is being read. Each table is read once.

    Args:
        listing: content of the data root.
        settings: how it is read.
        problems: collects what is wrong.
        decoder: of its text tables.
        tables: collects the tables that are used, relative to the root.
    """

    listing: Listing
    settings: ReadSettings
    problems: TableProblems = field(default_factory=TableProblems)
    decoder: Decoder = field(default_factory=Decoder)
    tables: set[str] = field(default_factory=set)
    _sheets: dict[Path, Sheet | TableError] = field(default_factory=dict, init=False)

    @property
    def root(self) -> Path:
        """The data folder."""
        return self.listing.root

    def name(self, path: Path) -> str:
        """Return what messages call a file: its path below the root."""
        return table_name(path, self.root)

    def decode_as_one(self, tables: Iterable[Path]) -> None:
        """Use one encoding for all tables, the one that fits these.

        Raises:
            UserError: the user's encoding does not exist.
        """
        self.decoder = data_decoder(tables, self.listing, self.settings.encoding)

    def try_sheet(self, path: Path) -> Sheet | None:
        """Read a file that may be no table; None if it is none."""
        found = self._read(path)
        return found if isinstance(found, Sheet) else None

    def sheet(self, path: Path) -> Sheet | None:
        """Read a table; None if it cannot be read, which is a problem."""
        found = self._read(path)
        if isinstance(found, TableError):
            self.problems.add(*found.args)
            return None
        self.tables.update(self.name(file) for file in shards_of(path, table_suffix(path.name)))
        _note(found, self.problems)
        return found

    def _read(self, path: Path) -> Sheet | TableError:
        if path not in self._sheets:
            try:
                self._sheets[path] = read_sheet(path, self.name(path), self.decoder)
            except TableError as error:
                self._sheets[path] = error
        return self._sheets[path]


def table_name(path: Path, root: Path) -> str:
    """Return what messages call a table: its path below the root, if it is there."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def read_checked_sheet(path: Path, root: Path, problems: TableProblems) -> Sheet | None:
    """Read a table; None if it cannot be read, which is a problem. Messages name its path relative to `root`."""
    try:
        sheet = read_sheet(path, table_name(path, root))
    except TableError as error:
        problems.add(*error.args)
        return None
    _note(sheet, problems)
    return sheet


def _note(sheet: Sheet, problems: TableProblems) -> None:
    for note in sheet.notes:
        if note not in problems.notes:
            problems.note(note)
