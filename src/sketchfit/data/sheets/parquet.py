"""Read Parquet as text cells."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sketchfit.data.sheets.cells import as_text
from sketchfit.data.sheets.sheet import Sheet, TableError
from sketchfit.wording import listed


def read_parquet(path: Path, name: str) -> Sheet:
    """Read a Parquet file. Nested and binary columns are left out, with a note.

    Raises:
        TableError: it is damaged.
    """
    try:
        schema = pq.read_schema(path)
        flat = [field.name for field in schema if not _is_nested(field.type)]
        table = pq.read_table(path, columns=flat, partitioning=None)
        columns = [[as_text(cell) for cell in table.column(k).to_pylist()] for k in range(len(flat))]
        count = table.num_rows
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError) as error:
        message = str(error).splitlines() or [type(error).__name__]
        raise TableError(f"{name} is not a readable Parquet file: {message[0]}") from error
    rows = tuple(zip(*columns, strict=True)) if columns else ((),) * count
    others = [repr(field.name) for field in schema if _is_nested(field.type)]
    notes = (f"{name}: columns that are no text or number are not used: {listed(others)}",) if others else ()
    header = tuple(column.strip() for column in flat)
    return Sheet(name, header, rows, tuple(range(1, count + 1)), "row", notes=notes)


def _is_nested(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_nested(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
    )
