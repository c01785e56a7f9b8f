"""Parquet files of a run: tables with a checksum of their values, and of each page."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sketchfit.checksum import KEY, SIZE, DamagedError
from sketchfit.errors import RunError
from sketchfit.files import atomic
from sketchfit.regular import check_regular
from sketchfit.runs.artefact import AGAIN, FINISH

_KEY = KEY.encode()


def write_parquet(path: Path, frame: pd.DataFrame) -> None:
    """Write a table atomically, without its index."""
    table = pa.Table.from_pandas(frame, preserve_index=False).combine_chunks()
    metadata = {**(table.schema.metadata or {}), _KEY: _digest(table).encode()}
    with atomic(path) as temporary:
        pq.write_table(table.replace_schema_metadata(metadata), temporary, write_page_checksum=True)


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a table.

    Raises:
        UserError: the file is missing or damaged.
    """
    try:
        check_regular(path)
        table = pq.read_table(path, page_checksum_verification=True).combine_chunks()
        expected = (table.schema.metadata or {}).get(_KEY)
        if expected is not None and expected.decode(errors="replace") != _digest(table):
            raise DamagedError
        frame: pd.DataFrame = table.to_pandas()
    except FileNotFoundError as error:
        raise RunError(f"{path} is missing", FINISH) from error
    except Exception as error:  # pyarrow raises many kinds for bytes that are not its own
        raise RunError(f"{path} is damaged: {error}", AGAIN) from error
    return frame


def _digest(table: Any) -> str:
    """Return the digest of the names, types and values of the columns, and of what pandas knows of them."""
    found = hashlib.blake2b((table.schema.metadata or {}).get(b"pandas", b""), digest_size=SIZE)
    for field, column in zip(table.schema, table.columns, strict=True):
        found.update(f"{field.name} {field.type} {len(column)}\n".encode())
        found.update(_bytes(column))
    return found.hexdigest()


def _bytes(column: Any) -> bytes:
    """Return bytes that are those of no other values; a number that is missing is NaN.

    Raises:
        TypeError: the column is of a type that Parquet may return as another one.
    """
    if pa.types.is_dictionary(column.type) or pa.types.is_nested(column.type):
        raise TypeError(f"a column of {column.type} has no checksum")
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return json.dumps(column.to_pylist(), default=str).encode()
    values = column.to_numpy()
    return bytes(np.where(np.isnan(values), np.nan, values).tobytes() if values.dtype.kind == "f" else values.tobytes())
