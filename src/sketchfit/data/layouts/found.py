"""What a data folder has: folders of images, tables, and where the files of a table may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sketchfit.data.columns import LabelColumns, Places, image_column, label_columns
from sketchfit.data.layouts.folders import ROLES, ImageFolders, join
from sketchfit.data.layouts.parts import SplitPart
from sketchfit.data.layouts.tables import FoundTable
from sketchfit.data.scattered import FileNames
from sketchfit.data.sheets import Sheet
from sketchfit.data.source import DataSource
from sketchfit.data.split_names import Role, is_neutral

_USUAL: Mapping[Role, str] = {"train": "train", "valid": "val", "test": "test"}

_BORROWED: Mapping[Role, tuple[Role, ...]] = {"train": ("valid",), "valid": ("train",), "test": ("train", "valid")}
"""Splits in whose folders the files of a split may be if it has no folder of its own: never training rows in `test`."""

_APART: Mapping[Role, tuple[Role, ...]] = {"train": ("test",), "valid": ("test",), "test": ("train", "valid")}
"""Splits in whose folders the files of a split are not searched by their names alone."""


@dataclass(frozen=True)
class Contents:
    """Content of a data set, before it is decided what is used.

    Attributes:
        source: files, tables and settings.
        folders: folders with images.
        top: folder that contains everything, relative to the root; "" is the root.
        splits: folders of images by split.
        tables: all but submissions.
        sample: the sample submission, or None.
    """

    source: DataSource
    folders: ImageFolders
    top: str
    splits: Mapping[Role, tuple[str, ...]]
    tables: tuple[FoundTable, ...]
    sample: Path | None
    _files: dict[Role, FileNames] = field(default_factory=dict, init=False, repr=False)

    def places(self, role: Role, table: Path) -> Places:
        """Return where the files of a split's table may be, the likeliest folder first."""
        if role not in self._files:
            others = [folder for other in _APART[role] for folder in self.splits.get(other, ())]
            self._files[role] = FileNames(self.source.listing, self.top, others)
        bases = self._bases(role, table, () if self.splits.get(role) else _BORROWED[role])
        return Places(self.source.listing, tuple(dict.fromkeys(bases)), self._files[role])

    def places_anywhere(self, table: Path) -> Places:
        """Return where the files of a table may be that has rows of several splits."""
        files = FileNames(self.source.listing, self.top, most_absent=0)
        return Places(self.source.listing, tuple(dict.fromkeys(self._bases("train", table, ROLES))), files)

    def in_splits(self, roles: Sequence[Role] = ROLES) -> tuple[str, ...]:
        """Return the folders of splits."""
        return tuple(folder for role, folders in self.splits.items() if role in roles for folder in folders)

    def filled(self) -> tuple[str, ...]:
        """Return the columns of the sample submission."""
        sheet = None if self.sample is None else self.source.try_sheet(self.sample)
        return () if sheet is None else sheet.header

    def images(self, sheet: Sheet, role: Role, table: Path) -> str | None:
        """Return the column of images of a table, or None."""
        return image_column(sheet, self.source.settings.names.image_column, self.places(role, table))

    def labels(self, sheet: Sheet, image: str | None) -> LabelColumns | None:
        """Return the columns of labels of a table, or None."""
        return label_columns(sheet, self.source.settings.names, image, self.filled())

    def _bases(self, role: Role, table: Path, others: Sequence[Role]) -> Iterator[str]:
        """Yield folders: those of the split, the top and neutral ones, and those of other splits."""
        beside = (
            table.parent.relative_to(self.source.root).as_posix() if table.is_relative_to(self.source.root) else "."
        )
        if beside not in (".", self.top):
            yield beside
        own = self.splits.get(role, ())
        yield from own or (join(self.top, _USUAL[role]),)
        for folder in own:
            yield from self._below(folder)
        yield self.top
        yield from self._neutral(self.top)
        # Files of the same names may be in the folders of other splits: those are other images.
        for other in others:
            for folder in self.splits.get(other, ()):
                yield folder
                yield from self._below(folder)
        if beside != ".":
            yield ""

    def _neutral(self, folder: str) -> list[str]:
        return [join(folder, name) for name in self.folders.inside(folder) if is_neutral(name)]

    def _below(self, folder: str) -> list[str]:
        """Return the neutral folder in a folder, and the one that repeats its name, as in `train/train/`."""
        name = folder.rpartition("/")[2]
        return [*self._neutral(folder), *([join(folder, name)] if name in self.folders.inside(folder) else [])]


@dataclass(frozen=True)
class Layout:
    """The parts of a data set that are used.

    Attributes:
        found: everything that it has.
        parts: by split; there is always one to train on.
        named: whether the training part is named like one, by the user, its file or its folder.
        notes: what was decided between alternatives, one sentence each.
    """

    found: Contents
    parts: Mapping[Role, SplitPart]
    named: bool
    notes: tuple[str, ...] = ()
