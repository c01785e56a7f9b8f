"""Find the files on disk for the paths in a table."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from sketchfit.data.checks import TableProblems
from sketchfit.data.listing import Listing, PathError, clean_path
from sketchfit.data.sheets import Sheet


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


def resolve(
    sheet: Sheet, names: Sequence[str], listing: Listing, bases: Sequence[str], problems: TableProblems
) -> Resolved:
    """Find each row's file.

    Args:
        sheet: the table, for messages.
        names: N cells of the image column.
        listing: content of the root.
        bases: folders that the paths may be relative to. The one with most of the files, the first of several, is used
            for all rows, so that a missing file is never replaced by one of the same name elsewhere.
        problems: receives names that are no path below the root.
    """
    cleaned: list[str] = []
    wrong: dict[str, list[tuple[int, str]]] = {}
    for row, name in enumerate(names):
        try:
            cleaned.append(clean_path(name))
        except PathError as error:
            cleaned.append("")
            wrong.setdefault(f"path {error}", []).append((row, repr(name) if name.strip() else ""))
    best: tuple[int, str, dict[int, str], dict[int, str]] | None = None
    for base in bases:
        found, refused = _search(cleaned, listing, base)
        if best is None or len(found) > best[0]:
            best = len(found), base, found, refused
        if len(found) == sum(map(bool, cleaned)):
            break
    assert best is not None  # there is always a base
    _, base, found, refused = best
    for row, reason in refused.items():
        wrong.setdefault(f"path {reason}", []).append((row, repr(names[row])))
    for what, rows in wrong.items():
        problems.rows(sheet, what, sorted(rows))
    with suppress(PathError):
        base = listing.find_folder(base) or base
    prefix = f"{base}/" if base else ""
    paths = tuple(found.get(row, prefix + path if path else "") for row, path in enumerate(cleaned))
    absent = tuple(row for row, path in enumerate(cleaned) if path and row not in found and row not in refused)
    return Resolved(paths, absent, base)


def _search(cleaned: Sequence[str], listing: Listing, base: str) -> tuple[dict[int, str], dict[int, str]]:
    """Return the rows that are found from one base (path on disk) and those that are refused (reason)."""
    found: dict[int, str] = {}
    refused: dict[int, str] = {}
    for row, path in enumerate(cleaned):
        if path:
            try:
                real = listing.find(f"{base}/{path}" if base else path)
            except PathError as error:
                refused[row] = str(error)
                continue
            if real is not None:
                found[row] = real
    return found, refused
