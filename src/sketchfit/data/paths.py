"""Find the files on disk for the paths in a table."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath

from sketchfit.data.checks import TableProblems
from sketchfit.data.listing import Listing
from sketchfit.data.moved_paths import without_foreign_root
from sketchfit.data.path_text import PathError, PathText, path_text
from sketchfit.data.sheets import Sheet

_REASONS = 3
"""More reasons why rows are refused, such as the files that each may mean, are named row by row."""


@dataclass(frozen=True)
class Resolved:
    """The paths of a table's rows.

    Attributes:
        paths: N paths relative to the root, as on disk; for a missing file, where it should be; "" where the name is no
            path (which is recorded as a problem).
        absent: rows whose file is missing, ascending.
        base: folder that the table's paths are relative to, itself relative to the root.
    """

    paths: tuple[str, ...]
    absent: tuple[int, ...]
    base: str


@dataclass(frozen=True)
class _Search:
    """The rows as found from one base: path on disk; where a missing file should be; why a row is refused."""

    base: str
    found: dict[int, str]
    absent: dict[int, str]
    refused: dict[int, str]


def resolve(
    sheet: Sheet, names: Sequence[str], listing: Listing, bases: Sequence[str], problems: TableProblems
) -> Resolved:
    """Find each row's file.

    Args:
        sheet: the table, for messages.
        names: N cells of the image column. Absolute paths must be inside the root, and paths with `..` stay there.
        listing: content of the root.
        bases: folders that the paths may be relative to, besides the table's own. The one with most of the files, the
            first of several, is used for all rows, so that a missing file is never replaced by one of the same name
            elsewhere.
        problems: receives names that are no path below the root.
    """
    bases = _with_own_folder(bases, sheet)
    names = without_foreign_root(sheet, names, listing, bases, problems)
    texts: dict[int, PathText] = {}
    wrong: dict[str, list[tuple[int, str]]] = {}
    for row, name in enumerate(names):
        try:
            texts[row] = path_text(name, listing.root)
        except PathError as error:
            wrong.setdefault(f"path {error}", []).append((row, repr(name) if name.strip() else ""))
    best = _best(texts, listing, bases)
    for row, reason in best.refused.items():
        wrong.setdefault(f"path {reason}", []).append((row, repr(names[row])))
    if len(wrong) > _REASONS:
        wrong = {
            "path is refused": [
                (row, f"{text} {what.removeprefix('path ')}") for what, rows in wrong.items() for row, text in rows
            ]
        }
    for what, rows in wrong.items():
        problems.rows(sheet, what, sorted(rows))
    base = _on_disk(best.base, listing)
    absent = {row: _spelt(path, best.base, base) for row, path in best.absent.items()}
    paths = tuple(best.found.get(row, absent.get(row, "")) for row in range(len(names)))
    return Resolved(paths, tuple(absent), base)


def _best(texts: dict[int, PathText], listing: Listing, bases: Sequence[str]) -> _Search:
    """Return the search from the base with most of the files."""
    best: _Search | None = None
    for base in bases:
        search = _search(texts, listing, base)
        if best is None or len(search.found) > len(best.found):
            best = search
        if len(search.found) == len(texts):
            break
    assert best is not None  # there is always a base
    return best


def _with_own_folder(bases: Sequence[str], sheet: Sheet) -> Sequence[str]:
    """Return the bases and the folder of the table, whose name is relative to the root."""
    own = PurePosixPath(sheet.name).parent.as_posix()
    return bases if own in (".", *bases) or own.startswith(("/", "..")) else (*bases, own)


def _search(texts: dict[int, PathText], listing: Listing, base: str) -> _Search:
    search = _Search(base, {}, {}, {})
    for row, text in texts.items():
        try:
            path = text.below(base)
            real = listing.find(path)
        except PathError as error:
            search.refused[row] = str(error)
            continue
        if real is not None:
            search.found[row] = real
        else:
            search.absent[row] = path
    return search


def _on_disk(base: str, listing: Listing) -> str:
    """Return a folder as it is spelt on disk, if it exists."""
    with suppress(PathError):
        return listing.find_folder(base) or base
    return base


def _spelt(path: str, base: str, real: str) -> str:
    """Return a path with its base as it is spelt on disk."""
    return real + path[len(base) :] if base and path.startswith(f"{base}/") else path
