"""Whether the probabilities of several runs can be combined, and in the same order of rows."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from sketchfit.errors import RunError
from sketchfit.inference.arrays import Ints
from sketchfit.runs.networks import Split
from sketchfit.runs.probabilities import Probabilities
from sketchfit.runs.run import Run
from sketchfit.runs.table import RunTable
from sketchfit.wording import counted, listed

log = logging.getLogger(__name__)

_SHOWN = 3


def align_runs(runs: Mapping[str, Run], split: Split) -> tuple[NDArray[np.int64], tuple[NDArray[np.float32], ...]]:
    """Read the probabilities of runs, and bring them into the same order.

    Out of fold, runs may have validated different folds, as those with a deadline do. The rows are then those that all
    runs have validated, with a note per run that has more.

    Args:
        runs: each with the name by which messages call it.
        split: out-of-fold or test rows.

    Returns:
        Row numbers, int64 [N], ascending, and the probabilities float32 [N, C] of each run.

    Raises:
        UserError: probabilities are missing or unsound, the runs have other tables, classes or test rows, or no row in
            common.
    """
    parts = {name: run.oof() if split == "oof" else run.test() for name, run in runs.items()}
    folds = {name: run.rows.fold for name, run in runs.items()} if split == "oof" else None
    check_compatible({name: (run.table, parts[name]) for name, run in runs.items()}, folds)
    row = reduce(np.intersect1d, [part.row for part in parts.values()])
    for name, part in parts.items():
        if 0 < len(row) < len(part):
            log.info(f"note: of {name}, {len(row):,} of {len(part):,} out-of-fold rows are those of all runs")
    if not len(row):
        raise RunError(
            f"no row is validated by all of {listed(parts)}",
            "Combine runs that have a fold in common, or with more folds.",
        )
    return row, tuple(part.at(row) for part in parts.values())


def check_compatible(
    members: Mapping[str, tuple[RunTable, Probabilities]], folds: Mapping[str, Ints] | None = None
) -> None:
    """Refuse members that can't be combined, with every reason.

    Each must be sound by itself; all must share the table, the classes and their order, and the set of rows. The order
    of rows may differ.

    Args:
        members: table and probabilities of each, by the name by which messages call it.
        folds: int64 [N], the fold of each training row of each member: it may lack all rows of a fold. None: of none.

    Raises:
        UserError: one sentence per problem.
    """
    if not members:
        raise RunError("there is nothing to combine")
    found = [f"{name}: {problem}" for name, (_, part) in members.items() for problem in part.problems()]
    first = next(iter(members))
    for name in list(members)[1:]:
        found += [f"{name} and {first} {problem}" for problem in _table_problems(members[first][0], members[name][0])]
        found += _row_problems((first, members[first][1]), (name, members[name][1]), folds)
    if found:
        raise RunError(found, "Combine runs on the same table only, and run those that are incomplete again.")


def _table_problems(first: RunTable, other: RunTable) -> list[str]:
    found = ["were made on different tables"] if other.table_id != first.table_id else []
    if only := sorted(set(other.class_names) ^ set(first.class_names)):
        found.append(f"have different classes: {listed(only, _SHOWN)}")
    elif other.class_names != first.class_names:
        found.append("have the same classes in another order")
    return found


def _row_problems(
    first: tuple[str, Probabilities], other: tuple[str, Probabilities], folds: Mapping[str, Ints] | None
) -> list[str]:
    found = []
    for (name, part), (complete, whole) in ((other, first), (first, other)):
        missing = np.setdiff1d(whole.row, part.row)
        if folds is not None:
            fold = folds[name]
            missing = missing[np.isin(fold[missing], fold[part.row])]
        if len(missing):
            found.append(
                f"{name} lacks {counted(len(missing), 'row')} that {complete} has, the first is row {missing[0]}"
            )
    return found
