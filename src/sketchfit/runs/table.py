"""What a run knows of the table that it was made on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sketchfit.errors import RunError
from sketchfit.runs.artefact import AGAIN
from sketchfit.runs.inside import check_relative
from sketchfit.runs.parquet import read_parquet, write_parquet
from sketchfit.runs.state import State

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class TrainingRows:
    """All N rows of the training table, from `folds.parquet`.

    Attributes:
        paths: N image files, relative to the data root.
        label: int64 [N], class index.
        group: int64 [N], one number per group of related rows that the folds keep together, such as those of
            one drawer; of near-duplicates alone where no other relation was chosen.
        folds: int64 [R, N], the fold that validates the row in each repeat; -1 where none does.
        copies: int64 [N], one number per family of near-duplicates; None where they are not known.
    """

    paths: tuple[str, ...]
    label: Ints
    group: Ints
    folds: Ints
    copies: Ints | None = None

    @cached_property
    def fold(self) -> Ints:
        """Int64 [N], the fold of each row in the first repeat."""
        first: Ints = self.folds[0]
        return first

    @property
    def grouped(self) -> bool:
        """Whether any rows share a group."""
        return len(np.unique(self.group)) < len(self.group)


@dataclass(frozen=True)
class RunTable:
    """The table of a run.

    Attributes:
        root: folder that image paths are relative to; found again next to the run where both were moved.
        source: what the tables were read from.
        table_id: digest of the tables.
        class_names, class_labels: C names for display, and what the label column of the user's table calls each class.
        test_names: what the test table calls each image.
    """

    root: Path
    source: Path
    table_id: str
    class_names: tuple[str, ...]
    class_labels: tuple[str, ...]
    test_names: tuple[str, ...]

    @property
    def class_count(self) -> int:
        """Number of classes, C."""
        return len(self.class_names)


def table_of(state: State, folder: Path) -> RunTable:
    """Return the table's facts; a data folder that is no longer where it was is looked for next to the run's folder.

    Args:
        state: of the run.
        folder: the run's.
    """
    root = find_moved(state.data, folder)
    inside = state.source.is_relative_to(state.data)
    source = root / state.source.relative_to(state.data) if inside else find_moved(state.source, folder)
    return RunTable(root, source, state.table_id, state.class_names, state.class_labels, state.test_names)


def find_moved(path: Path, folder: Path) -> Path:
    """Return the path, or where it does not exist, the path of the same name next to one of the folder's parents."""
    if path.exists():
        return path
    places = (parent / path.name for parent in folder.resolve().parents)
    return next((place for place in places if place.exists()), path)


def read_training_rows(path: Path) -> TrainingRows:
    """Read `folds.parquet`.

    Raises:
        UserError: it is missing or damaged, or names a file outside the data folder.
    """
    try:
        frame = read_parquet(path)
        columns = [name for name in frame.columns if name == "fold" or name.startswith("fold_")]
        frame = frame.sort_values("row", kind="stable")
        check_relative(frame["image_path"], path)
        return TrainingRows(
            paths=tuple(frame["image_path"]),
            label=frame["label"].to_numpy(np.int64),
            group=frame["group"].to_numpy(np.int64),
            folds=np.stack([frame[name].to_numpy(np.int64) for name in columns]),
            copies=frame["copies"].to_numpy(np.int64) if "copies" in frame else None,
        )
    except (ValueError, KeyError) as error:
        raise RunError(f"{path} is damaged: {error}", AGAIN) from error


def write_training_rows(path: Path, rows: TrainingRows) -> None:
    """Write `folds.parquet`: row, image, label, group, copies where they are known, and one column per repeat."""
    columns: dict[str, object] = {
        "row": np.arange(len(rows.label)),
        "image_path": list(rows.paths),
        "label": rows.label,
        "group": rows.group,
    }
    if rows.copies is not None:
        columns["copies"] = rows.copies
    for repeat, fold in enumerate(rows.folds):
        columns["fold" if len(rows.folds) == 1 else f"fold_{repeat}"] = fold
    write_parquet(path, pd.DataFrame(columns))
