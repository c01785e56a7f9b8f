"""The runs of a folder, one line each, with their figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.errors import UserError
from sketchfit.inference.intervals import Estimate, accuracy
from sketchfit.inference.metrics import log_loss, top_k_correct
from sketchfit.reporting.comparing.costs import training_cost
from sketchfit.runs.finished import what_is_missing
from sketchfit.runs.run import Run


@dataclass(frozen=True)
class RunLine:
    """One run; figures are None where it is unfinished.

    Attributes:
        name: of its folder.
        when: last change, in seconds since 1970.
        backbone: of all members.
        members: that are trained; of an ensemble, the runs that it combines.
        networks: that are trained; of an ensemble, those of its runs.
        rows: with out-of-fold probabilities.
        top1, top5: 0 … 1.
        claim: accuracy that the run claims for the test set; None where it claims none.
        log_loss: in nats.
        seconds: training time of these networks; None where it is unknown.
        lacks: what it lacks to be finished; empty where it is.
        damage: which file is damaged; such a run has no figures.
    """

    name: str
    when: float
    backbone: str
    members: int
    networks: int
    rows: int
    top1: Estimate | None
    claim: Estimate | None
    top5: float | None
    log_loss: float | None
    seconds: float | None
    lacks: str = ""
    damage: str = ""

    @property
    def state(self) -> str:
        """`finished`, `unfinished` or `damaged`."""
        return "damaged" if self.damage else "unfinished" if self.lacks else "finished"


COLUMNS = {
    "run": "name",
    "when": "when",
    "backbone": "backbone",
    "members": "members",
    "networks": "networks",
    "rows": "rows",
    "top-1": "top1",
    "claim": "claim",
    "top-5": "top5",
    "log-loss": "log_loss",
    "time": "seconds",
}
"""Columns by which runs are sorted: their heads and the fields of `RunLine`."""


def list_runs(folder: str | Path, sort: str = "top1") -> list[RunLine]:
    """List the runs in a folder, unfinished and damaged ones too.

    Args:
        folder: holds run folders.
        sort: a column; see `sort_runs`.

    Raises:
        UserError: there is no such folder, no run in it, or no such column.
    """
    root = Path(folder)
    if not root.is_dir():
        raise UserError(f"{root} is no folder")
    lines = [_line_of(path.parent) for path in sorted(root.glob("*/state.json"))]
    if not lines:
        raise UserError(f"{root} holds no runs", "Give the folder that contains run folders, `runs` by default.")
    return sort_runs(lines, sort)


def _line_of(folder: Path) -> RunLine:
    """Return the line of a folder; that of a damaged one has no figures and names the damage."""
    try:
        return run_line(Run.open(folder))
    except UserError as error:
        when = (folder / "state.json").stat().st_mtime
        return RunLine(folder.name, when, "", 0, 0, 0, None, None, None, None, None, damage=error.problems[0])


def run_line(run: Run) -> RunLine:
    """Compute the figures of a run."""
    networks = [one for found in run.trained.values() for one in found]
    files = [run.folder.state, *(one.path / "done.json" for one in networks)]
    cost = training_cost(run)
    rows, top1, top5, loss = 0, None, None, None
    if run.has("oof") and run.folder.folds.is_file():
        oof = run.oof()
        label: NDArray[np.int64] = run.rows.label[oof.row]
        rows = len(oof.row)
        top1 = accuracy(top_k_correct(oof.prob, label), run.rows.group[oof.row])
        top5 = float(top_k_correct(oof.prob, label, min(5, oof.prob.shape[1])).mean())
        loss = log_loss(oof.prob, label)
    return RunLine(
        name=run.name,
        when=max(file.stat().st_mtime for file in files),
        backbone=", ".join(dict.fromkeys(recipe.model.backbone for recipe in run.members.values())),
        members=len(run.trained) if run.sources is None else len(run.sources.runs),
        networks=cost.networks,
        rows=rows,
        top1=top1,
        claim=run.claim.expected if run.claim else None,
        top5=top5,
        log_loss=loss,
        seconds=cost.training,
        lacks=what_is_missing(run),
    )


def sort_runs(runs: Sequence[RunLine], by: str = "top1") -> list[RunLine]:
    """Sort runs: names, log-loss and training time in ascending order, all others descending; unknown values come last.

    Args:
        runs: any number of them.
        by: head of a column, or a field of `RunLine`; see `COLUMNS`.

    Raises:
        UserError: no such column.
    """
    by = COLUMNS.get(by, by)
    if by not in COLUMNS.values():
        raise UserError(f"runs can't be sorted by {by!r}", f"Choose one of {', '.join(COLUMNS)}.")
    known = [run for run in runs if getattr(run, by) is not None]
    rest = [run for run in runs if getattr(run, by) is None]

    def key(run: RunLine) -> float | str:
        value = getattr(run, by)
        return value.value if isinstance(value, Estimate) else value

    ascending = by in {"name", "backbone", "log_loss", "seconds"}
    return [*sorted(known, key=key, reverse=not ascending), *rest]
