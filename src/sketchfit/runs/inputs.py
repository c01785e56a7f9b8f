"""`inputs.parquet`: every row that a run was made on, with a digest of its image, to find what has changed since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sketchfit.errors import RunError
from sketchfit.runs.artefact import AGAIN
from sketchfit.runs.parquet import read_parquet, write_parquet


@dataclass(frozen=True)
class InputRows:
    """The rows of one table.

    Attributes:
        paths: N image files, relative to the data root.
        labels: N texts: class, and value of the column that decides the folds or groups; empty for test rows.
        content: uint64 [N], names the content of each file.
    """

    paths: tuple[str, ...]
    labels: tuple[str, ...]
    content: NDArray[np.uint64]

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, InputRows)
            and (self.paths, self.labels) == (other.paths, other.labels)
            and np.array_equal(self.content, other.content)
        )

    __hash__ = None  # type: ignore[assignment]

    def changes(self, after: InputRows) -> list[str]:
        """Return what has changed until `after`, one text per row: other content, other label, gone, new, moved."""
        old, new = _by_path(self), _by_path(after)
        found = [
            f"{path}: {_difference(old[path], new[path])}" for path in old if path in new and old[path] != new[path]
        ]
        found += [f"{path}: no longer there" for path in old if path not in new]
        found += [f"{path}: new" for path in new if path not in old]
        return found or ([] if self == after else ["the order of the rows has changed"])


def _by_path(rows: InputRows) -> dict[str, list[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = {}
    for path, label, content in zip(rows.paths, rows.labels, rows.content.tolist(), strict=True):
        found.setdefault(path, []).append((label, content))
    return found


def _difference(before: Sequence[tuple[str, int]], after: Sequence[tuple[str, int]]) -> str:
    labels = [Counter(label for label, _ in rows) for rows in (before, after)]
    return "other content" if labels[0] == labels[1] else "other label or group"


def write_inputs(path: Path, train: InputRows, test: InputRows) -> None:
    """Write `inputs.parquet`: split, image, label, content; the rows in their order."""
    parts = {"train": train, "test": test}
    frame = pd.concat([
        pd.DataFrame({"split": name, "image_path": rows.paths, "label": rows.labels, "content": rows.content})
        for name, rows in parts.items()
    ])  # fmt: skip
    write_parquet(path, frame)


def read_inputs(path: Path) -> tuple[InputRows, InputRows] | None:
    """Read the training and the test rows; None where they were not written down.

    Raises:
        UserError: the file is damaged.
    """
    if not path.is_file():
        return None
    frame = read_parquet(path)
    try:
        parts = [frame[frame["split"] == split] for split in ("train", "test")]
        train, test = (
            InputRows(tuple(part["image_path"]), tuple(part["label"]), part["content"].to_numpy(np.uint64))
            for part in parts
        )
    except (ValueError, KeyError) as error:
        raise RunError(f"{path} is damaged: {error}", AGAIN) from error
    return train, test
