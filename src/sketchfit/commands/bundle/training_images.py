"""Training images of a run, decoded again: for what a bundle measures on drawings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.commands.submit import run_table
from sketchfit.data.images import ImageError, decode
from sketchfit.data.remote import hold_copy
from sketchfit.errors import UserError
from sketchfit.runs.run import Run

Image = NDArray[np.uint8]
Rows = NDArray[np.int64]


def balanced_rows(label: NDArray[np.int64], rows: Rows, count: int) -> Rows:
    """Return at most `count` of some rows with classes as balanced as possible, ascending; a pure function.

    Args:
        label: int64 [N], class of each row of the table.
        rows: int64 [n], rows to choose from.
        count: how many.
    """
    order = np.random.Generator(np.random.Philox(0)).permutation(rows)
    place = np.zeros(len(order), dtype=np.int64)  # among the rows of the same class
    for number in np.unique(label[order]):
        same = label[order] == number
        place[same] = np.arange(int(same.sum()))
    return np.sort(order[np.argsort(place, kind="stable")[:count]])


@dataclass(frozen=True)
class TrainingDrawings:
    """The training images of a run, where they still are.

    Attributes:
        root: folder that the paths are relative to.
        paths: N image files; none where the table or the images are gone.
        label: int64 [N].
        group: int64 [N], families of related rows; None where they are not known.
        max_pixels: larger images count as unreadable.
    """

    root: Path
    paths: tuple[str, ...]
    label: Rows
    group: Rows | None
    max_pixels: int

    @classmethod
    def of(cls, run: Run) -> TrainingDrawings:
        """Return those of a run; of `sketchfit fit`, which stores no rows, from its tables, if they are unchanged."""
        root, most = run.table.root, run.recipe.data.max_pixels
        hold_copy(root)
        none = cls(root, (), np.zeros(0, dtype=np.int64), None, most)
        if not root.exists():
            return none
        if run.folder.folds.is_file():
            return cls(root, run.rows.paths, run.rows.label, run.rows.group if run.rows.grouped else None, most)
        try:
            table = run_table(run)
        except UserError:
            return none
        return cls(table.root, table.train.paths, table.label.astype(np.int64), None, most)

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def rows(self) -> Rows:
        """All rows, int64 [N]."""
        return np.arange(len(self), dtype=np.int64)

    def sample(self, count: int, rows: Rows | None = None) -> Rows:
        """Return at most `count` rows, of those given or of all; see `balanced_rows`."""
        return balanced_rows(self.label, self.rows if rows is None else rows, count)

    def images(self, rows: Rows) -> Iterator[tuple[int, Image]]:
        """Yield rows with their images, uint8 [H, W] or [H, W, 3]; those that cannot be read are left out."""
        for row in rows.tolist():
            try:
                yield row, decode(self.root / self.paths[row], self.max_pixels)
            except ImageError:
                continue
