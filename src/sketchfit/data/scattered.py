"""Images of one table in several folders: found by their file names, where these are unique."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from sketchfit.data.checks import TableProblems
from sketchfit.data.images import is_image_name
from sketchfit.data.listing import Listing
from sketchfit.data.paths import Resolved
from sketchfit.data.sheets import Sheet
from sketchfit.wording import counted, listed


@dataclass
class FileNames:
    """The images of a folder by file name, with and without suffix; read when they are needed.

    Args:
        listing: content of the data root.
        top: the folder, relative to the root.
        without: folders whose images are left out: those of other splits.
        most_absent: they are used if more than this share of a table's files is missing: a few missing files stay
            missing.
    """

    listing: Listing
    top: str = ""
    without: Collection[str] = ()
    most_absent: float = 0.1
    _paths: dict[str, str | None] = field(default_factory=dict, init=False)

    def find(self, name: str) -> str | None:
        """Return the only image of this name; None if there is none, or several."""
        if not self._paths:
            self._read()
        return self._paths.get(_key(name))

    def _read(self) -> None:
        skipped = tuple(f"{folder}/" for folder in self.without)
        for path in self.listing.images(self.top):
            if not path.startswith(skipped):
                name = path.rpartition("/")[2]
                for key in {_key(name), _key(os.path.splitext(name)[0])}:  # noqa: PTH122
                    self._paths[key] = None if key in self._paths else path


def with_scattered(
    sheet: Sheet, names: Sequence[str], resolved: Resolved, files: FileNames, problems: TableProblems
) -> Resolved:
    """Return the rows with the files that are in other folders than most, if many are; a note counts the folders.

    Only names without a folder are searched, and only one file may have the name.

    Args:
        sheet: the table, for messages.
        names: N cells of the image column.
        resolved: the files in the folder that has most of them.
        files: names of all files that may be meant.
        problems: receives the note.
    """
    if len(resolved.absent) <= files.most_absent * len(names):
        return resolved
    found = {row: path for row in resolved.absent if (path := _bare(names[row], files)) is not None}
    if not found:
        return resolved
    paths = tuple(found.get(row, path) for row, path in enumerate(resolved.paths))
    absent = tuple(row for row in resolved.absent if row not in found)
    left = set(absent)
    folders = Counter(path.rpartition("/")[0] for row, path in enumerate(paths) if path and row not in left)
    shown = listed([f"{folder or '.'}/ ({count:,})" for folder, count in folders.most_common()])
    problems.note(f"{sheet.name}: {counted(len(found), 'image')} found by file name; the images are in {shown}")
    return replace(resolved, paths=paths, absent=absent)


def _bare(name: str, files: FileNames) -> str | None:
    text = name.strip()
    if not text or "/" in text or "\\" in text:
        return None
    stem, suffix = os.path.splitext(text)  # noqa: PTH122
    return files.find(text) or (files.find(stem) if suffix and is_image_name(text) else None)


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
