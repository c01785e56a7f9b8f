"""Recognise tables by the names of their files."""

from __future__ import annotations

from sketchfit.data.sheets.shards import without_shard

DELIMITED = (".csv", ".tsv", ".txt", ".psv")
PARQUET = (".parquet", ".pq")
WORKBOOKS = (".xlsx", ".xlsm")
JSON = (".json", ".jsonl", ".ndjson")
PACKED = (".gz", ".bz2", ".xz", ".zip")

TABLE_SUFFIXES = (
    *DELIMITED, *PARQUET, *WORKBOOKS, *JSON, *(text + packed for text in (*DELIMITED, *JSON) for packed in PACKED),
)  # fmt: skip
"""Ends of the names of tables, in lower case; of several tables with one stem, the first kind is preferred."""


def is_table_name(name: str) -> bool:
    """Return whether a file of this name can be a table: it ends like one and is not hidden.

    >>> is_table_name("train.CSV.gz"), is_table_name("notes.md")
    (True, False)
    """
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    return not base.startswith((".", "~$")) and base.lower().endswith(TABLE_SUFFIXES)


def table_suffix(name: str) -> str:
    """Return the suffix of a table's name in lower case, with that of its compression; "" if it has none.

    >>> table_suffix("data/Train.CSV.gz")
    '.csv.gz'
    """
    return max((suffix for suffix in TABLE_SUFFIXES if name.lower().endswith(suffix)), key=len, default="")


def table_stem(name: str) -> str:
    """Return the name of a table without folder, suffix and number of a shard.

    >>> table_stem("data/train.csv.gz"), table_stem("train-00000-of-00002.parquet")
    ('train', 'train')
    """
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    return without_shard(base[: len(base) - len(table_suffix(base))])


def table_rank(name: str) -> int:
    """Return a sort key that puts the preferred kind first of several tables with one stem (CSV before Parquet)."""
    suffix = table_suffix(name)
    return TABLE_SUFFIXES.index(suffix) if suffix else len(TABLE_SUFFIXES)
