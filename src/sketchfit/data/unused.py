"""Files of a data set that no row uses, counted and named by reason."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import chain

from sketchfit.data.containers import split_member
from sketchfit.data.listing import ListedFile, Listing
from sketchfit.data.path_text import natural_key
from sketchfit.data.sheets import is_table_name
from sketchfit.wording import counted, listed

REASONS = {
    "image": "image in no row",
    "table": "table that is not read",
    "outside": "link that leads outside the data folder, which --follow-links allows",
    "other": "link to nothing, or special file",
    "file": "no image",
    "own": "of a run or a cache, made by sketchfit",
    "hidden": "hidden, or of the system",
}
"""Why a file is not used, the most important first."""

_NAMED = 5


@dataclass(frozen=True)
class Unused:
    """Files that are not used for one reason.

    Attributes:
        kind: key of `REASONS`.
        paths: relative to the data root, in natural order.
    """

    kind: str
    paths: tuple[str, ...]

    def __str__(self) -> str:
        """Return how many files there are, why they are not used, and names: of few files, else of their folders."""
        if len(self.paths) <= _NAMED:
            named = listed(self.paths)
        else:
            folders = Counter(path.rpartition("/")[0] for path in self.paths)
            named = listed([f"{folder or '.'}/ ({count:,})" for folder, count in folders.most_common()], _NAMED)
        return f"{counted(len(self.paths), 'file')} not used ({REASONS[self.kind]}): {named}"


def unused_files(listing: Listing, used: Collection[str], everywhere: bool = True) -> tuple[Unused, ...]:
    """Return the files below the root that are not used.

    Args:
        listing: content of the root.
        used: paths of rows and tables, relative to the root.
        everywhere: whether all folders are searched; otherwise only those with rows, for a root that is known only as
            the folder of a table.

    Returns:
        One item per reason, in the order of `REASONS`.
    """
    files = {parts[0] if (parts := split_member(path)) else path for path in used}
    rest = [one for one in (listing.walk() if everywhere else _near(listing, files)) if one.path not in files]
    if rest and listing.has_links:  # several links may lead to one file
        places = {os.path.realpath(listing.root / path) for path in files}
        rest = [one for one in rest if os.path.realpath(listing.root / one.path) not in places]
    by_kind: dict[str, list[str]] = {}
    for one in rest:
        by_kind.setdefault(_kind(listing, one), []).append(one.path)
    return tuple(Unused(kind, tuple(sorted(by_kind[kind], key=natural_key))) for kind in REASONS if kind in by_kind)


def _near(listing: Listing, files: Collection[str]) -> Iterator[ListedFile]:
    """Return the files in the outermost folders with rows."""
    tops = sorted({path.partition("/")[0] for path in files if "/" in path})
    return chain.from_iterable(listing.walk(top) for top in tops)


def _kind(listing: Listing, found: ListedFile) -> str:
    if found.kind != "file":
        return found.kind
    if listing.is_image(found.path):
        return "image"
    return "table" if is_table_name(found.path) else "file"
