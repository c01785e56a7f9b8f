"""Probabilities of a run whose stages after training are not done: the plain mean of the networks so far."""

from __future__ import annotations

from functools import reduce

import numpy as np

from sketchfit.errors import RunError
from sketchfit.runs.artefact import FINISH
from sketchfit.runs.networks import Split
from sketchfit.runs.probabilities import Probabilities
from sketchfit.runs.run import Run


def own_or_interim(run: Run, split: Split) -> Probabilities:
    """Return a run's own probabilities; before there are any, the mean of its members, each the mean of its networks.

    Args:
        run: finished or not.
        split: `oof` or `test`. Out of fold, the rows are those that all members with networks have held out; where
            there are none, those of the member with the most.

    Raises:
        UserError: no network is trained, or a file is damaged.
    """
    if run.has(split) or run.kind == "fit":
        return run.oof() if split == "oof" else run.test()
    found = [run.oof(name) if split == "oof" else run.test(name) for name in run.members if name in run.trained]
    if not found:
        raise RunError(f"{run.path} has no trained network yet", FINISH)
    rows = reduce(np.intersect1d, [one.row for one in found])
    if not len(rows):
        return max(found, key=len)
    mean = np.mean(np.stack([one.at(rows) for one in found], axis=0, dtype=np.float64), axis=0)
    return Probabilities(rows, np.asarray(mean, dtype=np.float32))
