"""Tables of any supported format as text cells: delimited text, Parquet, Excel workbooks, JSON."""

from __future__ import annotations

from sketchfit.data.sheets.encodings import Decoder
from sketchfit.data.sheets.names import TABLE_SUFFIXES, is_table_name, table_rank, table_stem, table_suffix
from sketchfit.data.sheets.read import open_sheet, open_text, read_sheet
from sketchfit.data.sheets.sheet import Sheet, TableError

__all__ = [
    "TABLE_SUFFIXES",
    "Decoder",
    "Sheet",
    "TableError",
    "is_table_name",
    "open_sheet",
    "open_text",
    "read_sheet",
    "table_rank",
    "table_stem",
    "table_suffix",
]
