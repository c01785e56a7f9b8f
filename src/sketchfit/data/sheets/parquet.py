"""Read Parquet as text cells."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sketchfit.data.containers import member_path
from sketchfit.data.parquet_files import kind_of, open_parquet, refuse_long_texts
from sketchfit.data.parquet_images import BYTES, PATH, image_column, is_binary
from sketchfit.data.sheets.cells import as_text
from sketchfit.data.sheets.sheet import MOST_CELLS, Sheet, TableError
from sketchfit.wording import listed

_INDEX = "__index_level_0__"
"""Name under which pandas stores an index without a name."""


def read_parquet(path: Path, name: str) -> Sheet:
    """Read a Parquet file.

    A cell of the column that contains images has the path of the image inside the file (`train.parquet#3`, see
    `containers`), or the path in the struct where it has no bytes. Labels whose names are in the metadata of Hugging
    Face get a column of names. Other nested and binary columns are left out, with a note.

    Raises:
        TableError: it is damaged.
    """
    try:
        with open_parquet(path) as file:
            schema, count = file.schema_arrow, file.metadata.num_rows
            images = image_column(file)
            columns = {} if images is None else {images: _image_cells(file, images, path.name)}
            flat = [field.name for field in schema if not _is_nested(field.type)]
            _refuse_large(file, flat)
            table = file.read(columns=flat)
        refuse_long_texts(table)
        for place, column in enumerate(table.column_names):
            columns[_named(column)] = [as_text(cell) for cell in table.column(place).to_pylist()]
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError) as error:
        message = str(error).splitlines() or [type(error).__name__]
        raise TableError(f"{name} is not a readable Parquet file: {message[0]}") from error
    columns |= _label_names(schema, columns)
    others = [repr(one.name) for one in schema if _is_nested(one.type) and one.name != images]
    notes = (f"{name}: columns that are no text or number are not used: {listed(others)}",) if others else ()
    rows = tuple(zip(*columns.values(), strict=True)) if columns else ((),) * count
    return Sheet(name, tuple(columns), rows, tuple(range(1, count + 1)), "row", notes=notes)


def _image_cells(file: pq.ParquetFile, column: str, name: str) -> list[str]:
    """Return the path of the image in each row; the bytes are not kept."""
    cells: list[str] = []
    groups = range(file.num_row_groups)  # one at a time, because each has its dictionaries
    for batch in chain.from_iterable(file.iter_batches(256, row_groups=[one], columns=[column]) for one in groups):
        images = batch.column(0)
        is_struct = pa.types.is_struct(images.type)
        filled = (images.field(BYTES) if is_struct else images).is_valid().to_pylist()
        paths = images.field(PATH).to_pylist() if is_struct and images.type.get_field_index(PATH) >= 0 else []
        for place, has_bytes in enumerate(filled):
            inside = member_path(name, len(cells) + 1)
            cells.append(inside if has_bytes or not paths else as_text(paths[place]))
    return cells


def _label_names(schema: pa.Schema, columns: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return a column of names for each column of labels whose names are in the metadata of Hugging Face."""
    found = {}
    for column, feature in _features(schema).items():
        names = feature.get("names") if isinstance(feature, dict) else None
        if not isinstance(names, list) or column not in columns or f"{column}_name" in columns:
            continue
        by_number = {str(number): str(name) for number, name in enumerate(names)}
        found[f"{column}_name"] = [by_number.get(cell, "") for cell in columns[column]]
    return found


def _features(schema: pa.Schema) -> dict[str, Any]:
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, ValueError, TypeError):
        return {}
    return features if isinstance(features, dict) else {}


def _named(column: str) -> str:
    return "" if column == _INDEX else column.strip()


def _refuse_large(file: pq.ParquetFile, columns: Sequence[str]) -> None:
    if (cells := file.metadata.num_rows * len(columns)) > MOST_CELLS:
        raise ValueError(f"it has {cells:,} cells, more than the limit of {MOST_CELLS:,}")


def _is_nested(kind: pa.DataType) -> bool:
    kind = kind_of(kind)
    return bool(pa.types.is_nested(kind) or is_binary(kind) or pa.types.is_fixed_size_binary(kind))
