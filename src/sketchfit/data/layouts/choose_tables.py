"""Choose the table of a split among those that are named like it."""

from __future__ import annotations

from collections.abc import Sequence

from sketchfit.data.columns import MOST_FILES
from sketchfit.data.joined import join_by_key, join_key
from sketchfit.data.layouts.found import Contents
from sketchfit.data.layouts.parts import SplitPart
from sketchfit.data.layouts.tables import FoundTable
from sketchfit.data.own_tables import is_own_table
from sketchfit.data.sheets import Sheet
from sketchfit.data.split_names import Role
from sketchfit.errors import DataError
from sketchfit.wording import listed


def named_tables(found: Contents, role: Role) -> SplitPart | None:
    """Return the table that is named like a split (`train.csv`, `testLabels.tsv`), None if there is none.

    A table in a split's folder counts if its content fits. Of several tables, the one that has everything is taken, the
    one with the shortest name first. Tables that share a column of keys, one of images and one of labels, are joined.

    Raises:
        UserError: several tables could be meant.
    """
    tables = [table for table in found.tables if table.role == role]
    tables = [table for table in tables if table.is_named or _is_complete(found, table, role, on_disk=True)]
    exact = [table for table in tables if table.is_exact]
    complete = [table for table in tables if _is_complete(found, table, role)]
    for alone in (tables, [table for table in exact if table in complete], complete):
        if len(alone) == 1:
            return _with_keys(found, alone[0], tables)
    if len(tables) > 1 and not complete and _key(found, tables) is not None:
        return SplitPart(tables=tuple(table.path for table in tables))
    if len(exact) == 1:
        return SplitPart(tables=(exact[0].path,))
    if not tables:
        return None
    raise ambiguous(found, complete or tables, role)


def fitting_tables(found: Contents, role: Role) -> list[FoundTable]:
    """Return the tables without a split's name that have images on disk and labels with a usual name."""
    return [table for table in unnamed_tables(found) if _is_complete(found, table, role, on_disk=True)]


def guessed_tables(found: Contents, role: Role) -> list[FoundTable]:
    """Return the tables without a split's name that have images on disk and one column that could be labels."""
    return [table for table in unnamed_tables(found) if _is_complete(found, table, role, on_disk=True, usual=False)]


def unnamed_tables(found: Contents) -> list[FoundTable]:
    """Return the tables without a split's name, without those that sketchfit has written."""
    unnamed = [(table, found.source.try_sheet(table.path)) for table in found.tables if table.role is None]
    return [table for table, sheet in unnamed if sheet is None or not is_own_table(sheet.header)]


def ambiguous(found: Contents, tables: Sequence[FoundTable], role: Role) -> DataError:
    """Return the error that several tables could be a split's."""
    what = {"train": "training", "valid": "validation", "test": "test"}[role]
    names = [found.source.name(table.path) for table in tables]
    return DataError(
        f"{found.source.root} has {len(tables)} tables that could be the {what} table: {listed(names)}",
        f"Name one with --set data.{role}={names[0]}, or give its path in place of the folder.",
    )


def joined_sheet(found: Contents, part: SplitPart) -> Sheet | None:
    """Read the tables of a part as one; None if there are problems."""
    sheets = [sheet for path in part.tables if (sheet := found.source.sheet(path)) is not None]
    if len(sheets) < len(part.tables) or not sheets:
        return None
    key = join_key(sheets) if len(sheets) > 1 else None
    return sheets[0] if key is None else join_by_key(sheets, key)


def _is_complete(found: Contents, table: FoundTable, role: Role, on_disk: bool = False, usual: bool = True) -> bool:
    """Return whether a table has a column of images, and for all but test rows one of labels."""
    sheet = found.source.try_sheet(table.path)
    image = None if sheet is None else found.images(sheet, role, table.path)
    if sheet is None or image is None:
        return False
    if on_disk and found.places(role, table.path).share(sheet, image) < MOST_FILES:
        return False
    if role == "test":
        return True
    labels = found.labels(sheet, image)
    return labels is not None and (labels.usual or not usual)


def _key(found: Contents, tables: Sequence[FoundTable]) -> str | None:
    sheets = [found.source.try_sheet(table.path) for table in tables]
    readable = [sheet for sheet in sheets if sheet is not None]
    return join_key(readable) if len(readable) == len(sheets) else None


def _adds_columns(found: Contents, table: FoundTable, other: FoundTable) -> bool:
    """Return whether another table has the same keys and further columns."""
    sheets = found.source.try_sheet(table.path), found.source.try_sheet(other.path)
    if sheets[0] is None or sheets[1] is None or set(sheets[1].header) <= set(sheets[0].header):
        return False
    return _key(found, [table, other]) is not None


def _with_keys(found: Contents, table: FoundTable, tables: Sequence[FoundTable]) -> SplitPart:
    """Return a table, joined with those of the same split that have the same keys."""
    others = [other for other in tables if other != table and not other.is_exact and _adds_columns(found, table, other)]
    return SplitPart(tables=(table.path, *(other.path for other in others)))
