"""`sketchfit score`: how right a run's test labels are, once the truth is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sketchfit.claims.cause import Claimed, TrueLabels, likely_cause
from sketchfit.commands.submit import run_table
from sketchfit.data.row_keys import is_id
from sketchfit.data.sheets import open_sheet
from sketchfit.data.truth import Truth, read_truth
from sketchfit.errors import UserError
from sketchfit.inference.intervals import Estimate, accuracy
from sketchfit.inference.metrics import top_k_correct
from sketchfit.runs.artefacts import ClaimRecord
from sketchfit.runs.artefacts.claims import percent
from sketchfit.runs.finished import open_finished
from sketchfit.runs.run import Run


@dataclass(frozen=True)
class Score:
    """How right the test labels of a run are.

    Attributes:
        top1, top5: accuracy on the test rows.
        claimed: what the run claimed for them; None for a run without a claim.
        holds: whether `top1` is inside the interval of the claim; None without a claim.
        cause: the likely cause where it is outside.
        notes: what to know about how the true labels were read.

    Examples:
        >>> import sketchfit
        >>> found = sketchfit.score("runs/first", "data/test_labels.csv")
        >>> for line in found.lines():
        ...     print(line)
        true test top-1  ..., n = 12)
        true test top-5  ..., n = 12)
    """

    top1: Estimate
    top5: Estimate
    claimed: Estimate | None = None
    holds: bool | None = None
    cause: str | None = None
    notes: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """Yield the figures, one per line, after the notes."""
        yield from (f"note: {note}" for note in self.notes)
        yield f"true test top-1  {self.top1}"
        yield f"true test top-5  {self.top5}"
        if self.claimed is not None:
            verdict = "inside" if self.holds else "outside"
            yield f"claimed {percent(self.claimed)}, found {100 * self.top1.value:.1f} %: {verdict}"
        if self.cause:
            yield f"likely cause: {self.cause}"


def score(run: str | Path, truth: str | Path, *, partial: bool = False) -> Score:
    """Compare a run's test predictions, and its claim, with the true labels; see `sketchfit.score`."""
    opened, lacks = open_finished(run, partial=partial)
    prob = opened.test().prob
    found = true_labels(Path(truth), opened, len(prob))
    label = found.label
    top1, top5 = (accuracy(top_k_correct(prob, label, min(k, prob.shape[1]))) for k in (1, 5))
    if opened.claim is None:
        return Score(top1, top5, notes=(*lacks, *found.notes))
    claimed = opened.claim.expected
    holds = claimed.low <= top1.value <= claimed.high
    cause = likely_cause(_claimed(opened, opened.claim), TrueLabels(top1, label))
    return Score(top1, top5, claimed, holds, cause, (*lacks, *found.notes))


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


def true_labels(path: Path, run: Run, rows: int) -> Truth:
    """Read the classes of the test rows of a run.

    Args:
        path: a table with labels.
        run: whose tables and images they are.
        rows: number of test rows, M.

    Raises:
        UserError: see `score`.
    """
    return read_truth(open_sheet(path), run.table, rows, lambda: _further_keys(run), run.recipe.data.label_column)


def _further_keys(run: Run) -> dict[str, list[str]]:
    """Return the keys of the test rows in the sample and the test table; none where these are gone or have changed."""
    try:
        table = run_table(run)
    except UserError:
        return {}
    keys = {name: values.tolist() for name, values in table.test_columns.items() if is_id(name)}
    sample = table.submission
    if sample is not None:
        order = np.argsort(sample.test_row, kind="stable")
        keys |= {sample.columns[place]: [sample.rows[row][place] for row in order] for place in sample.kept}
    return {name: own for name, own in keys.items() if len(set(own)) == len(own) == len(table.test)}
