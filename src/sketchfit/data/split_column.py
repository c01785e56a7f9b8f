"""Find the column of a table that names the split of each row: `train`, `val`, `test`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sketchfit.data.checks import TableProblems, find_column
from sketchfit.data.read_settings import NONE
from sketchfit.data.sheets import Sheet
from sketchfit.data.split_names import Role, is_exact, role_of
from sketchfit.wording import listed

_CERTAIN = ("split", "subset", "partition", "data_split", "dataset_split")
_USUAL = (*_CERTAIN, "set", "phase", "usage", "fold")
FLAGS = {"0": False, "0.0": False, "false": False, "1": True, "1.0": True, "true": True}
"""Cells of a column that marks rows, in lower case."""
_FEW = 4
"""A column with more values is no split."""
_OTHERS: dict[Role, Role] = {"train": "test", "valid": "train", "test": "train"}
"""The split of the rows that `is_train`, `is_valid` or `is_test` does not mark."""


@dataclass(frozen=True)
class SplitColumn:
    """A column that names the split of each row.

    Attributes:
        name: of the column.
        roles: the split of each row.
    """

    name: str
    roles: tuple[Role, ...]


def split_columns(sheet: Sheet) -> list[SplitColumn]:
    """Return the columns that name the split of each row: training and at least one other."""
    found = [(name, _roles(name, sheet.column(name))) for name in sheet.header if name]
    return [SplitColumn(name, roles) for name, roles in found if roles is not None]


def find_split_column(
    sheet: Sheet, given: str | None, used: Sequence[str], problems: TableProblems
) -> SplitColumn | None:
    """Return the column that names the split of each row, or None if there is none.

    Args:
        sheet: the table.
        given: name that the user gave; `none`: no column does.
        used: columns of images and labels.
        problems: receives a column that names splits in some rows only, and columns that contradict each other.
    """
    if given == NONE:
        return None
    if given is not None:
        return _given(sheet, given, problems)
    found = [column for column in split_columns(sheet) if column.name not in used]
    if not found:
        _report_partial(sheet, used, problems)
        _report_flags(sheet, used, problems)
        return None
    if any(column.roles != found[0].roles for column in found):
        names = [column.name for column in found]
        problems.add(
            f"{sheet.name}: the columns {listed(map(repr, names))} name different splits. "
            f"Set data.split_column to one of them, or to {NONE}."
        )
        return None
    return found[0]


def _given(sheet: Sheet, given: str, problems: TableProblems) -> SplitColumn | None:
    name = find_column(sheet, (given,))
    if name is None:
        problems.add(f"{sheet.name}: no column {given!r} for the splits; it has {listed(map(repr, sheet.header))}.")
        return None
    roles = _roles(name, sheet.column(name), complete=False)
    if roles is None:
        unknown = sorted({cell for cell in sheet.column(name) if role_of(cell) is None})
        problems.add(
            f"{sheet.name}: column {name!r} must name train, val or test; it has {listed(map(repr, unknown))}."
        )
        return None
    if "train" not in roles:
        problems.add(f"{sheet.name}: column {name!r} names no training row.")
        return None
    return SplitColumn(name, roles)


def _roles(name: str, cells: Sequence[str], complete: bool = True) -> tuple[Role, ...] | None:
    """Return the split of each row, None if a cell names none, or (if `complete`) not training and another."""
    meant = {cell: role_of(cell) for cell in set(cells)}
    if None in meant.values() and (marked := _marked_role(name, is_column=not complete)) is not None:
        flags = {cell: FLAGS.get(cell.strip().casefold()) for cell in meant}
        meant = {cell: None if flag is None else (marked if flag else _OTHERS[marked]) for cell, flag in flags.items()}
    roles = {role for role in meant.values() if role is not None}
    if len(roles) < len(set(meant.values())) or not meant or (complete and (len(roles) < 2 or "train" not in roles)):
        return None
    return tuple(role for cell in cells if (role := meant[cell]) is not None)


def _marked_role(name: str, is_column: bool) -> Role | None:
    """Return the split that a column such as `is_train` marks; `train` is one only if it is known to name splits."""
    words = name.casefold().replace("-", "_").replace(" ", "_").removeprefix("is_")
    return role_of(words) if is_column or len(words) < len(name) else None


def _report_partial(sheet: Sheet, used: Sequence[str], problems: TableProblems) -> None:
    """Report a column with a usual name that names splits in some rows only; note one that names none."""
    name = find_column(sheet, _USUAL)
    if name is None or name in used or not sheet.rows:
        return
    cells = sheet.column(name)
    roles = [role_of(cell) for cell in cells]
    unknown = sorted({repr(cell) for cell, role in zip(cells, roles, strict=True) if role is None})
    if not unknown:
        return
    mostly = len({role for role in roles if role}) > 1 and 2 * roles.count(None) < len(cells)
    if mostly or "train" in roles:
        problems.add(
            f"{sheet.name}: column {name!r} names splits, but not in the rows with {listed(unknown)}. "
            f"Write train, val or test there, or set data.split_column={NONE}."
        )
    elif find_column(sheet, _CERTAIN) == name and 1 < len(unknown) <= _FEW:
        problems.note(
            f"{sheet.name}: column {name!r} has {listed(unknown)}, which name no split: it divides nothing. If it "
            "should, write train, val or test there"
        )


def _report_flags(sheet: Sheet, used: Sequence[str], problems: TableProblems) -> None:
    """Report columns such as `train` with zeros and ones: they may mark the rows of a split."""
    for name in sheet.header:
        if name not in used and is_exact(name) and _roles(name, sheet.column(name), complete=False) is not None:
            problems.add(
                f"{sheet.name}: column {name!r} may mark the rows of a split. Set data.split_column={name} if it does, "
                f"else data.split_column={NONE}."
            )
