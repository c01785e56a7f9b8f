"""`sketchfit submit`: write a run's submission again, or check one."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sketchfit.data.remote import advice_on_missing
from sketchfit.data.table import Table, fingerprint
from sketchfit.errors import DataError
from sketchfit.files import write_output
from sketchfit.inference.submission_check import check_submission
from sketchfit.inference.submission_text import probabilities_text, submission_form, submission_text
from sketchfit.runs.finished import open_finished
from sketchfit.runs.interim import own_or_interim
from sketchfit.runs.lock import one_writer
from sketchfit.runs.run import Run
from sketchfit.stages.submit import write_submission
from sketchfit.stages.tables import load_table

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SubmitOptions:
    """What to write and where; `sketchfit.submit` documents each option."""

    probabilities: str | Path | None = None
    partial: bool = False
    out: str | Path | None = None


def submit(run: str | Path, options: SubmitOptions) -> Path:
    """Write a run's submission again, and return its path; errors: `sketchfit.submit`."""
    opened, lacks = open_finished(run, partial=options.partial)
    for note in lacks:
        log.warning(note)
    table, test = run_table(opened), own_or_interim(opened, "test") if lacks else opened.test()
    if not np.array_equal(test.row, np.arange(len(table.test))):
        raise DataError(f"{opened.path} predicts {len(test)} of {len(table.test)} test rows")
    if options.out is None:
        with one_writer(opened.path):
            write_submission(opened.folder, table, test.prob)
    else:
        write_output(Path(options.out), submission_text(table, test.prob), submission_form(table).encoding)
    if options.probabilities is not None:
        write_output(Path(options.probabilities), probabilities_text(table, test.prob))
    return opened.folder.submission if options.out is None else Path(options.out)


def claim_lines(run: str | Path) -> list[str]:
    """Return what a run claims for its submission, one sentence each; empty for a run without a claim."""
    claim = Run.open(run).claim
    return list(claim.lines()) if claim else []


def check(run: str | Path, submission: str | Path | None = None) -> list[str]:
    """Return what is wrong with a submission for the tables of a run; empty if it can be handed in.

    Args:
        run: a run's folder.
        submission: any CSV; the run's own by default.
    """
    opened = Run.open(run)
    return check_submission(opened.folder.submission if submission is None else Path(submission), run_table(opened))


def run_table(run: Run) -> Table:
    """Read the tables that a run was made on again.

    Raises:
        UserError: they are gone, or have changed.
    """
    source = run.table.source
    if not source.exists():
        raise DataError(
            f"the tables of {run.path} are not in {source}",
            advice_on_missing(source, "Put them back, or move the run's folder next to them."),
        )
    table = load_table(source, run.recipe, with_folds=False)
    if fingerprint(table) != run.table.table_id:
        raise DataError(f"the tables in {source} have changed since {run.path} was made")
    return table
