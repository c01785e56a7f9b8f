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
    """Return the tables that are named like a split (`train.csv`, `testLabels.tsv`), None if there are none.

    A table in a split's folder counts if its content fits. One table is taken where it is clear which one: the only
    one, else the only complete one with the split's name and nothing else, else the only complete one. Tables with the
    same keys and further columns are joined to it. Where no table is complete, those with the same keys are joined;
    else the only one with the split's name and nothing else is taken, whose problems are reported later.

    Raises:
        UserError: several tables could be meant.
    """
    tables = _tables_of(found, role)
    if not tables:
        return None
    exact = [table for table in tables if table.is_exact]
    complete = [table for table in tables if _is_complete(found, table, role)]
    exact_and_complete = [table for table in exact if table in complete]
    for candidates in (tables, exact_and_complete, complete):
        if len(candidates) == 1:
            return _with_keys(found, candidates[0], tables)
    if not complete and _key(found, tables) is not None:
        return SplitPart(tables=tuple(table.path for table in tables))
    if len(exact) == 1:
        return SplitPart(tables=(exact[0].path,))
    raise ambiguous(found, complete or tables, role)


def _tables_of(found: Contents, role: Role) -> list[FoundTable]:
    """Return the tables that are named like a split, and those in its folder whose content fits."""
    tables = [table for table in found.tables if table.role == role]
    return [table for table in tables if table.is_named or _is_complete(found, table, role, on_disk=True)]


def fitting_tables(found: Contents, role: Role) -> list[FoundTable]:
    """Return the tables without a split's name that have images on disk and labels with a usual name."""
    return [table for table in unnamed_tables(found) if _is_complete(found, table, role, on_disk=True)]


def guessed_tables(found: Contents, role: Role) -> list[FoundTable]:
    """Return the tables without a split's name that have images on disk and one column that could be labels."""
    return [table for table in unnamed_tables(found) if _is_complete(found, table, role, on_disk=True, usual=False)]


def unnamed_tables(found: Contents) -> list[FoundTable]:
    """Return the tables without a split's name, without those that sketchfit has written."""
    unnamed = [table for table in found.tables if table.role is None]
    return [table for table in unnamed if not _is_written_by_sketchfit(found, table)]


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


def _is_complete(found: Contents, table: FoundTable, role: Role, *, on_disk: bool = False, usual: bool = True) -> bool:
    """Return whether a table has a column of images, and for all but test rows one of labels.

    Args:
        found: content of the data set.
        table: the table.
        role: the split that its rows would be.
        on_disk: whether most of the images must exist.
        usual: whether the names, the user or the sample submission must show which column has the labels.
    """
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


def _is_written_by_sketchfit(found: Contents, table: FoundTable) -> bool:
    sheet = found.source.try_sheet(table.path)
    return sheet is not None and is_own_table(sheet.header)


def _key(found: Contents, tables: Sequence[FoundTable]) -> str | None:
    """Return the column by which tables can be joined; None if there is none, or one cannot be read."""
    sheets = [found.source.try_sheet(table.path) for table in tables]
    readable = [sheet for sheet in sheets if sheet is not None]
    return join_key(readable) if len(readable) == len(sheets) else None


def _adds_columns(found: Contents, table: FoundTable, other: FoundTable) -> bool:
    """Return whether another table has the same keys and further columns."""
    first, second = found.source.try_sheet(table.path), found.source.try_sheet(other.path)
    if first is None or second is None or set(second.header) <= set(first.header):
        return False
    return _key(found, [table, other]) is not None


def _with_keys(found: Contents, table: FoundTable, tables: Sequence[FoundTable]) -> SplitPart:
    """Return a table, joined with those of the same split that have the same keys."""
    others = [other for other in tables if other != table and not other.is_exact and _adds_columns(found, table, other)]
    return SplitPart(tables=(table.path, *(other.path for other in others)))
