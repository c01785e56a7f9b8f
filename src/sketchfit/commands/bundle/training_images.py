"""Training images of a run, decoded again: for what a bundle measures on drawings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.images import ImageError, decode
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


def training_rows(run: Run) -> Rows:
    """Return the rows of the training table, int64 [N]; none where the run has no table, or its images are gone."""
    if not run.folder.folds.is_file() or not run.table.root.exists():
        return np.zeros(0, dtype=np.int64)
    return np.arange(len(run.rows.label), dtype=np.int64)


def training_images(run: Run, rows: Rows | Sequence[int]) -> Iterator[tuple[int, Image]]:
    """Yield rows with their images, uint8 [H, W] or [H, W, 3]; those that cannot be read are left out."""
    most = run.recipe.data.max_pixels
    for row in rows:
        try:
            yield int(row), decode(run.table.root / run.rows.paths[int(row)], most)
        except ImageError:
            continue
