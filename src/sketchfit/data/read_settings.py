"""How a data set is read: what the user decided instead of what is recognised."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

NONE = "none"
"""What a user gives for a split or a column that is not used."""

Missing = Literal["drop", "error"]
Labels = Literal["auto", "names", "integers"]
ClassFolders = Literal["first", "last", "path"]


@dataclass(frozen=True)
class TableNames:
    """Names of files and columns that are not recognised by themselves.

    Attributes:
        image_column, label_column: columns of the training table.
        train, valid, test: table or folder, relative to the data folder; `none` for a split that is not used.
        sample: the sample submission, relative to the data folder.
        split_column: column of the training table that names the split of each row; `none`: no column does.
    """

    image_column: str | None = None
    label_column: str | None = None
    train: str | None = None
    valid: str | None = None
    test: str | None = None
    sample: str | None = None
    split_column: str | None = None


@dataclass(frozen=True)
class ReadSettings:
    """How the tables and files of a data set are read.

    Attributes:
        names: names of files and columns.
        folds: planned number of folds; None: not known.
        missing: what happens to rows whose file is missing: `drop` training rows with a note and keep test rows, or
            stop with an `error`.
        labels: whether labels are class `names` or class numbers (`integers`); `auto` decides by the cells.
        encoding: text encoding of all tables, as Python names it; None: detected.
        class_folders: which of several folders around an image is its class: the `first`, the `last`, or all of them
            (`path`).
        follow_links: whether symbolic links that lead out of the data folder are followed.
    """

    names: TableNames = field(default_factory=TableNames)
    folds: int | None = None
    missing: Missing = "drop"
    labels: Labels = "auto"
    encoding: str | None = None
    class_folders: ClassFolders = "first"
    follow_links: bool = False
