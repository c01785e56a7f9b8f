"""Opening Parquet files without expanding what a small file can claim: rows, values and texts that repeat.

A column whose values repeat is stored as its different values and a number per row. Read like that, it takes no more
memory than in the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sketchfit.regular import check_regular

FREE_ROWS, ROWS_PER_BYTE = 2_000_000, 10
"""A table may have so many rows, or so many per byte of its file."""

FREE_BYTES, MOST_FACTOR = 1 << 28, 30
"""The values of a row group may take so many bytes, or so many times as much as its file. Images hardly shrink."""

MOST_TEXT = 1 << 28
"""Bytes of all texts of a table."""


@contextmanager
def open_parquet(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a file; text and bytes that repeat are read as dictionaries.

    Raises:
        ValueError: it would expand to many times its size.
        OSError: it is no regular file, or cannot be read.
        pa.ArrowException: it is damaged.
    """
    size = check_regular(path).st_size
    metadata = pq.read_metadata(path)
    _refuse_bomb(metadata, size)
    with pq.ParquetFile(path, metadata=metadata, read_dictionary=_repeating(metadata)) as file:
        yield file


def kind_of(kind: pa.DataType) -> pa.DataType:
    """Return the type of a column's values, also where they are read as a dictionary."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def refuse_long_texts(table: pa.Table) -> None:
    """Refuse a table whose texts would be too large if each were repeated.

    Raises:
        ValueError: they would.
    """
    total = 0
    for column in table.columns:
        for chunk in column.chunks:
            values = chunk.dictionary if pa.types.is_dictionary(chunk.type) else chunk
            if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
                continue
            lengths = pc.binary_length(values)
            if pa.types.is_dictionary(chunk.type):
                lengths = lengths.take(chunk.indices)
            total += pc.sum(lengths, min_count=0).as_py()
    if total > MOST_TEXT:
        raise ValueError(f"its texts have {total:,} bytes, more than the limit of {MOST_TEXT:,}")


def _refuse_bomb(metadata: pq.FileMetaData, size: int) -> None:
    if metadata.num_rows > max(FREE_ROWS, ROWS_PER_BYTE * size):
        raise ValueError(f"it claims {metadata.num_rows:,} rows in {size:,} bytes")
    for group in range(metadata.num_row_groups):
        expanded = metadata.row_group(group).total_byte_size
        if expanded > max(FREE_BYTES, MOST_FACTOR * size):
            raise ValueError(f"{size:,} bytes expand to {expanded:,}")


def _repeating(metadata: pq.FileMetaData) -> Sequence[str]:
    """Return the columns of text or bytes that have a dictionary in a row group."""
    found: dict[str, None] = {}
    for group in range(metadata.num_row_groups):
        columns = metadata.row_group(group)
        for place in range(columns.num_columns):
            column = columns.column(place)
            if column.physical_type == "BYTE_ARRAY" and column.has_dictionary_page:
                found[column.path_in_schema] = None
    return list(found)
