"""`sketchfit score`: how right a run's test labels are, once the truth is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.claims.cause import Claimed, Found, likely_cause
from sketchfit.data.checks import IMAGE_COLUMNS, LABEL_COLUMNS, find_column
from sketchfit.data.sheets import Sheet, open_sheet
from sketchfit.errors import UserError
from sketchfit.inference.intervals import Estimate, accuracy
from sketchfit.inference.metrics import top_k_correct
from sketchfit.runs.artefacts import ClaimRecord
from sketchfit.runs.artefacts.claims import percent
from sketchfit.runs.run import Run
from sketchfit.runs.table import RunTable
from sketchfit.wording import listed


@dataclass(frozen=True)
class Score:
    """How right the test labels of a run are.

    Attributes:
        top1, top5: accuracy on the test rows.
        claimed: what the run claimed for them; None for a run without a claim.
        holds: whether `top1` is inside the interval of the claim; None without a claim.
        cause: the likely cause where it is outside.
    """

    top1: Estimate
    top5: Estimate
    claimed: Estimate | None = None
    holds: bool | None = None
    cause: str | None = None

    def lines(self) -> Iterator[str]:
        """Yield the figures, one per line."""
        yield f"true test top-1  {self.top1}"
        yield f"true test top-5  {self.top5}"
        if self.claimed is not None:
            verdict = "inside" if self.holds else "outside"
            yield f"claimed {percent(self.claimed)}, found {100 * self.top1.value:.1f} %: {verdict}"
        if self.cause:
            yield f"likely cause: {self.cause}"


def score(run: str | Path, truth: str | Path) -> Score:
    """Compare a run's test probabilities with the true labels, and its claim with what was found.

    Args:
        run: a run's folder.
        truth: table with `target`; rows are found by `image_path` where it has that, else they must be in the order of
            the test rows.

    Returns:
        The figures with intervals, and whether the claim holds.

    Raises:
        UserError: no finished run, no `target` column, other rows or images, or a label that is no class.
    """
    opened = Run.open(run)
    prob = opened.test().prob
    label = true_labels(Path(truth), opened.table, len(prob))
    top1, top5 = (accuracy(top_k_correct(prob, label, min(k, prob.shape[1]))) for k in (1, 5))
    if opened.claim is None:
        return Score(top1, top5)
    claimed = opened.claim.expected
    holds = claimed.low <= top1.value <= claimed.high
    return Score(top1, top5, claimed, holds, likely_cause(_claimed(opened, opened.claim), Found(top1, label)))


def _claimed(run: Run, claim: ClaimRecord) -> Claimed:
    oof = run.oof()
    label = run.rows.label[oof.row]
    return Claimed(
        expected=claim.expected,
        label_free=claim.label_free.accuracy.value if claim.label_free else None,
        right=top_k_correct(oof.prob, label),
        label=label,
        ungrouped=run.relations.separated if run.relations else (),
    )


def true_labels(path: Path, table: RunTable, rows: int) -> NDArray[np.int64]:
    """Read the classes of the test rows, int64 [M], from a table with `target`.

    Args:
        path: of the table; see `score`.
        table: of the run.
        rows: number of test rows, M.

    Raises:
        UserError: see `score`.
    """
    sheet = open_sheet(path)
    column = find_column(sheet, LABEL_COLUMNS)
    if column is None:
        raise UserError(f"{path} has no column 'target'; its columns are {listed(list(sheet.header))}")
    if len(sheet.rows) != rows:
        raise UserError(f"{path} has {len(sheet.rows)} rows, and the run predicted {rows}")
    targets = _in_order(path, sheet, table.test_names, sheet.column(column))
    index = {label: number for number, label in enumerate(table.class_labels)}
    if unknown := sorted({target for target in targets if target.strip() not in index}):
        raise UserError(f"{path}: {listed(unknown)} are no classes of the run")
    return np.array([index[target.strip()] for target in targets], dtype=np.int64)


def _in_order(path: Path, sheet: Sheet, names: Sequence[str], targets: Sequence[str]) -> Sequence[str]:
    """Return targets in the order of the test rows: by the image where the file names it, else unchanged."""
    column = find_column(sheet, IMAGE_COLUMNS)
    if column is None or len(set(names)) < len(names) or not names:
        return targets
    by_name = dict(zip(sheet.column(column), targets, strict=True))
    if missing := [name for name in names if name not in by_name]:
        raise UserError(f"{path} names other images than the run's test table; missing: {listed(missing)}")
    return [by_name[name] for name in names]
