"""The rows on which options are compared: folds that keep near-duplicates together."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.folds import Fold
from sketchfit.data.store import Store
from sketchfit.duplicates import find
from sketchfit.runs.arrays import find_npz, write_npz
from sketchfit.stages.context import RunContext
from sketchfit.stages.split import make_folds
from sketchfit.wording import counted

log = logging.getLogger(__name__)

MOST_COMPARED = 20_000
"""Of more rows, near-duplicates are searched among these alone, at random, and the scout uses no others."""

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class ScoutRows:
    """Rows of the training table.

    Attributes:
        folds: of the first repeat: all readable rows; where near-duplicates are kept together, at most `MOST_COMPARED`.
        sample: int64 [n], rows whose frozen features are compared, ascending.
        group: int64 [N], near-duplicates; None where they are not kept together.
    """

    folds: tuple[Fold, ...]
    sample: Rows
    group: Rows | None

    def group_of(self, rows: Rows) -> Rows | None:
        """Return the near-duplicate groups of rows."""
        return None if self.group is None else self.group[rows]


def scout_rows(context: RunContext, store: Store) -> ScoutRows:
    """Return all rows for a scout; near-duplicates that were found before are read from disk.

    Raises:
        UserError: the folds of the recipe cannot be made.
    """
    recipe = context.recipe
    wanted = recipe.audit.enabled and recipe.folds.group != "none" and recipe.folds.column is None
    rows = np.flatnonzero(store.readable)
    if wanted and len(rows) > MOST_COMPARED:
        log.info(f"{MOST_COMPARED:,} of {len(rows):,} images are used, at random: near-duplicates are searched in them")
        rows = np.sort(np.random.default_rng(0).permutation(rows)[:MOST_COMPARED])
    group = _near_duplicates(context, store, rows) if wanted else None
    usable = np.zeros(len(store.readable), dtype=np.bool_)
    usable[rows] = True
    folds, assignment = make_folds(context.table, usable, group, recipe)
    first = tuple(fold for fold in folds if fold.number <= int(assignment[0].max()))
    return ScoutRows(first, rows, group)


def _near_duplicates(context: RunContext, store: Store, rows: Rows) -> Rows:
    """Return the group of each row, int64 [N]: of copies among `rows` one number, of others their own."""
    path = context.run.path / f"groups-{store.folder.name}.npz"
    known = find_npz(path)
    if known is None:
        found = find(lambda place: np.asarray(store.images[rows[place]]), len(rows))
        group = np.arange(len(store.errors), dtype=np.int64)
        for places in found.groups:
            group[rows[list(places)]] = rows[places[0]]
        path.parent.mkdir(parents=True, exist_ok=True)
        write_npz(path, known := {"group": group})
    group = known["group"]
    copies = np.unique(group, return_counts=True)[1]
    log.info(f"near-duplicates: {counted(int((copies > 1).sum()), 'group')}, which stay in one fold")
    return group
