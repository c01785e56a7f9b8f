"""The checked tables of a data set: one row per image, in the order of the input."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sketchfit.data.submission import Submission
from sketchfit.data.unused import Unused
from sketchfit.runs.state import Kind, State


@dataclass(frozen=True)
class Split:
    """The rows of one input table (training or test), in its order; row k is `paths[k]`.

    Attributes:
        paths: image files, relative to the data root with forward slashes, e.g. `train/apple/sketch_3.JPEG`.
        names: the text of the table (e.g. `apple/sketch_3.JPEG`), for writing it unchanged.
    """

    paths: tuple[str, ...]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.paths)


@dataclass(frozen=True)
class Table:
    """Content of the user's tables.

    Attributes:
        root: folder that all paths are relative to.
        train, test: rows; `test` may be empty.
        label: int64 [N], class index of each training row, 0 … C-1.
        class_names: C names in the order of the class index.
        class_labels: C texts, what the user's label column calls each class, e.g. `7`, `007`, `True` or `apple`; of
            class folders their names.
        submission: the sample submission, if there is one.
        columns: further columns of the training table by name, for example a fold column; text arrays [N].
        layout: where the rows of each split are from, one sentence each.
        test_columns: further columns of the test table by name; text arrays [M].
        unused: files in the data folder that are in no row, by reason.
        notes: what to know about the tables that is not an error, one sentence each.
    """

    root: Path
    train: Split
    test: Split
    label: np.ndarray[Any, Any]
    class_names: tuple[str, ...]
    class_labels: tuple[str, ...]
    submission: Submission | None
    columns: dict[str, np.ndarray[Any, Any]]
    notes: tuple[str, ...] = ()
    unused: tuple[Unused, ...] = ()
    test_columns: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    layout: tuple[str, ...] = ()

    @property
    def class_count(self) -> int:
        """Number of classes, C."""
        return len(self.class_names)


def fingerprint(table: Table) -> str:
    """Return the SHA-256, in hex, of the tables: paths, labels, classes and rows to predict; not of the images."""
    submission = table.submission
    content = {
        "train": [table.train.paths, table.train.names],
        "test": [table.test.paths, table.test.names],
        "label": [int(label) for label in table.label],
        "classes": [table.class_names, [_hashed(label) for label in table.class_labels]],
        "submission": submission and [submission.columns, submission.keys(), [int(row) for row in submission.test_row]],
    }
    return hashlib.sha256(json.dumps(content, ensure_ascii=True).encode("ascii")).hexdigest()


def _hashed(label: str) -> int | str:
    """Return a number for a label that is one: folders of before labels were text have these fingerprints."""
    return int(label) if label.isascii() and label.isdecimal() and str(int(label)) == label else label


def run_state(table: Table, kind: Kind, source: Path | None = None) -> State:
    """Return what a run's folder stores of a table; `source` is what it was read from, if not its root."""
    return State(
        kind=kind,
        data=table.root.resolve(),
        source=(table.root if source is None else source).resolve(),
        table_id=fingerprint(table),
        class_names=table.class_names,
        class_labels=table.class_labels,
        rows={"train": len(table.train), "test": len(table.test)},
        test_names=table.test.names,
    )
