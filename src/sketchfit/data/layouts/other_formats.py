"""Tables in formats that are not read: refused where they are named like a part of the data set."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from sketchfit.data.layouts.tables import FoundTable
from sketchfit.data.listing import Listing
from sketchfit.data.sheets.names import DELIMITED, JSON, PARQUET, WORKBOOKS
from sketchfit.data.split_names import Role, role_of
from sketchfit.errors import DataError
from sketchfit.wording import listed

OTHERS = (
    ".feather", ".arrow", ".orc", ".avro", ".ods", ".xls", ".xlsb", ".numbers", ".pkl", ".pickle", ".h5", ".hdf5",
    ".npy", ".npz", ".mat", ".rds", ".dta", ".sav", ".sqlite", ".sqlite3", ".csv.zst", ".csv.7z",
)  # fmt: skip
READ = [*DELIMITED, *WORKBOOKS, *JSON, *PARQUET]


def refuse_other_formats(
    listing: Listing, folder: str, tables: Sequence[FoundTable], named: Collection[Role] = ()
) -> None:
    """Refuse a table in another format that is named like a split or a sample submission, if nothing else is.

    Args:
        listing: content of the data root.
        folder: that is searched, relative to the root.
        tables: those that are read.
        named: splits that have another table, or folders that are enough.

    Raises:
        UserError: names all such files, and the formats that are read.
    """
    roles = {*named, *(table.role for table in tables)}
    has_sample = any(table.is_sample for table in tables)
    found = []
    for name in listing.files(folder):
        suffix = next((one for one in OTHERS if name.lower().endswith(one)), None)
        if suffix is not None:
            stem = name[: -len(suffix)]
            role = role_of(stem)
            is_sample = FoundTable(Path(name), stem, None, False).is_sample
            if (role is not None and role not in roles) or (is_sample and not has_sample):
                found.append(name)
    if found:
        raise DataError(
            f"{listing.root} has tables in formats that are not read: {listed(found)}",
            f"Save them in one of these formats: {', '.join(READ)}.",
        )
