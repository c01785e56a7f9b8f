"""The out-of-fold rows of a run, with what the report and comparisons derive from them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sketchfit.activity import activity
from sketchfit.errors import UserError
from sketchfit.inference.blocks import by_blocks
from sketchfit.inference.metrics import ranks, row_log_loss
from sketchfit.reporting.unturned_copies import unturned_copies
from sketchfit.runs.interim import own_or_interim
from sketchfit.runs.probabilities import Probabilities
from sketchfit.runs.run import Run
from sketchfit.wording import listed

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Evidence:
    """A finished run's out-of-fold rows, n of them, ascending; all arrays of length n are in their order.

    Attributes:
        run: whose rows they are.
        interim: whether the means of the networks so far take the place of probabilities that are not there yet.
    """

    run: Run
    interim: bool = False

    @property
    def name(self) -> str:
        """The run's name."""
        return self.run.name

    @property
    def root(self) -> Path:
        """Folder that `paths` are relative to."""
        return self.run.table.root

    @property
    def class_names(self) -> tuple[str, ...]:
        """C names."""
        return self.run.table.class_names

    @property
    def class_count(self) -> int:
        """Number of classes, C."""
        return self.run.table.class_count

    @property
    def rows(self) -> NDArray[np.int64]:
        """int64 [n], row numbers of the training table."""
        return self._oof.row

    @property
    def prob(self) -> NDArray[np.float32]:
        """float32 [n, C], of the ensemble."""
        return self._oof.prob

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """n image files, relative to `root`."""
        return tuple(self.run.rows.paths[row] for row in self.rows)

    @cached_property
    def label(self) -> NDArray[np.int64]:
        """int64 [n]."""
        return np.asarray(self.run.rows.label[self.rows])

    @cached_property
    def group(self) -> NDArray[np.int64]:
        """int64 [n], one number per group of related rows that the folds keep together; copies are in `copies`."""
        return np.asarray(self.run.rows.group[self.rows])

    @cached_property
    def copies(self) -> NDArray[np.int64]:
        """int64 [n], one number per family of near-duplicates; each row is alone where they are not known."""
        known = self.run.rows.copies
        return np.arange(len(self.rows)) if known is None else np.asarray(known[self.rows])

    @cached_property
    def unturned_copies(self) -> NDArray[np.int64]:
        """int64 [n], as `copies`, of drawings that are neither flipped nor turned: their labels must be the same."""
        return unturned_copies(self.run.findings, self.paths, self.copies)

    @cached_property
    def fold(self) -> NDArray[np.int64]:
        """int64 [n], the fold that validated the row (first repeat)."""
        return np.asarray(self.run.rows.fold[self.rows])

    @cached_property
    def members(self) -> dict[str, NDArray[np.float32]]:
        """Each member's name to its float32 [n, C]; a member that has not validated all rows is left out, with a note.

        In a run that was stopped, further networks may have ended since its last predictions.
        """
        found = {name: self.run.oof(name) for name in self.run.trained}
        left_out = [name for name, own in found.items() if not np.isin(self.rows, own.row).all()]
        if left_out:
            log.info(f"figures per member are without {listed(left_out)}: not all rows are validated by it")
        return {name: own.at(self.rows) for name, own in found.items() if name not in left_out}

    @cached_property
    def test(self) -> NDArray[np.float32] | None:
        """float32 [N_test, C] of the ensemble, or None without test rows."""
        if self.interim and self.run.state.rows.get("test", 0):
            return own_or_interim(self.run, "test").prob
        return self.run.test().prob if self.run.has("test") else None

    @cached_property
    def traits(self) -> pd.DataFrame | None:
        """Measured traits of the rows, n lines in their order, or None."""
        if (frame := self.run.traits) is None:
            return None
        return frame[frame["split"] == "train"].set_index("row").reindex(self.rows).reset_index()

    @cached_property
    def answer(self) -> NDArray[np.int64]:
        """int64 [n], the most probable class."""
        return np.asarray(self.prob.argmax(axis=1), dtype=np.int64)

    @cached_property
    def correct(self) -> NDArray[np.bool_]:
        """bool [n]."""
        return np.asarray(self.answer == self.label)

    @cached_property
    def confidence(self) -> NDArray[np.float32]:
        """float32 [n], probability of the most probable class."""
        return np.asarray(self.prob.max(axis=1))

    @cached_property
    def loss(self) -> NDArray[np.float64]:
        """float64 [n], log-loss in nats."""
        return np.asarray(row_log_loss(self.prob, self.label), dtype=np.float64)

    @cached_property
    def rank(self) -> NDArray[np.int64]:
        """int64 [n], place of the true class, 0 = first."""
        return np.asarray(ranks(self.prob, self.label), dtype=np.int64)

    @cached_property
    def disagreement(self) -> NDArray[np.float64]:
        """float64 [n], 0 … 1: how far members' probabilities are from their mean; 0 for fewer than two members."""
        members = list(self.members.values())
        return disagreement(members) if members else np.zeros(len(self.rows))

    @cached_property
    def _oof(self) -> Probabilities:
        return own_or_interim(self.run, "oof") if self.interim else self.run.oof()


@activity("reading the run")
def read_evidence(run: str | Path, *, interim: bool = False) -> Evidence:
    """Open a run.

    Args:
        run: its folder.
        interim: also open a run that is not finished; see `Evidence`.

    Raises:
        UserError: no run there, or one without out-of-fold probabilities.
    """
    evidence = Evidence(Run.open(run), interim)
    if len(evidence.rows) and evidence.rows.max() >= len(evidence.run.rows.label):
        raise UserError(f"{run} has probabilities of rows that are not in its folds.parquet", "Run it again.")
    return evidence


def disagreement(members: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    """Jensen-Shannon divergence of members' probabilities over log M: 0 agree … 1 as far apart as can be.

    Args:
        members: M times float [N, C].

    Returns:
        float64 [N].
    """
    if len(members) < 2:
        return np.zeros(len(members[0]) if members else 0)

    def divergence(part: slice) -> NDArray[np.float64]:
        here = [prob[part] for prob in members]
        return np.asarray(_entropy(np.mean(here, axis=0)) - np.mean([_entropy(prob) for prob in here], axis=0))

    rows, columns = members[0].shape
    found = by_blocks(divergence, (rows,), len(members) * columns, np.float64)
    return np.asarray(np.clip(found / np.log(len(members)), 0.0, 1.0), dtype=np.float64)


def _entropy(prob: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(-(prob * np.log(np.maximum(prob, 1e-12))).sum(axis=1), dtype=np.float64)
