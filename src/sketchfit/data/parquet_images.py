"""Images inside a Parquet table: a column of bytes, or of structs with bytes and a path, as Hugging Face writes it."""

from __future__ import annotations

import threading
from functools import lru_cache
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sketchfit.data.decoders.formats import HEAD, format_of
from sketchfit.data.parquet_files import kind_of, open_parquet

BYTES, PATH = "bytes", "path"
"""Fields of the structs."""

_LOCK = threading.Lock()


def image_column(file: pq.ParquetFile) -> str | None:
    """Return the first column of structs with bytes, else of bytes that begin like an image; None if there is none."""
    schema = file.schema_arrow
    structs = (field.name for field in schema if _has_bytes(field.type))
    plain = (field.name for field in schema if is_binary(field.type) and _has_image(file, field.name))
    return next(chain(structs, plain), None)


def is_binary(kind: pa.DataType) -> bool:
    """Return whether a column consists of bytes."""
    kind = kind_of(kind)
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind))


def read_image(path: Path, number: int) -> bytes | None:
    """Return the bytes of the image in a row, counted from 1; None if there is no such row or it has none.

    Rows are read by groups, and the last few groups are kept: reading rows in order reads each group once.

    Raises:
        OSError: the file cannot be read.
    """
    status = path.stat()
    try:
        with _LOCK:  # not twice by several threads
            column, ends = _groups(str(path), status.st_mtime_ns, status.st_size)
            group = int(np.searchsorted(ends, number, side="left"))
            if column is None or number < 1 or group == len(ends):
                return None
            images = _read_group(str(path), status.st_mtime_ns, column, group)
        before = int(ends[group - 1]) if group else 0
        image = images[number - before - 1]
        value = image[BYTES].as_py() if pa.types.is_struct(images.type) and image.is_valid else image.as_py()
    except (pa.ArrowException, ValueError) as error:
        raise OSError(str(error).splitlines()[0]) from error
    return value if isinstance(value, bytes) and value else None


@lru_cache(maxsize=256)
def _groups(path: str, _changed: int, _size: int) -> tuple[str | None, np.ndarray]:
    """Return the column of images, and the number of rows up to the end of each group."""
    with open_parquet(Path(path)) as file:
        counts = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
        return image_column(file), np.cumsum(counts)


@lru_cache(maxsize=4)
def _read_group(path: str, _changed: int, column: str, group: int) -> pa.ChunkedArray:
    with open_parquet(Path(path)) as file:
        return file.read_row_group(group, columns=[column]).column(0)


def _has_bytes(kind: pa.DataType) -> bool:
    return pa.types.is_struct(kind) and kind.get_field_index(BYTES) >= 0 and is_binary(kind.field(BYTES).type)


def _has_image(file: pq.ParquetFile, column: str) -> bool:
    """Return whether the first value of a column is an image."""
    for batch in file.iter_batches(batch_size=16, columns=[column]):
        values = batch.column(0).drop_null()
        if len(values):
            return format_of(values[0].as_py()[:HEAD]) is not None
    return False
