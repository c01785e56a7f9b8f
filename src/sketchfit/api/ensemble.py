"""`sketchfit.ensemble`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sketchfit.api.call import check_paths, public_call

if TYPE_CHECKING:
    from sketchfit.runs.run import Run


def ensemble(
    runs: Sequence[str | Path],
    out: str | Path,
    submissions: Mapping[str | Path, float] | None = None,
    *,
    partial: bool = False,
    quiet: bool = False,
) -> Run:
    """Combine finished runs on the same table: every method with its nested estimate, the submission of the best one.

    Args:
        runs: folders of two or more runs, or of one where there are submissions.
        out: folder of the ensemble; it has the probabilities, the submission and the table of a run, but no networks.
        submissions: CSV files of labels or probabilities by others, each with its assumed accuracy, 0 … 1. They join
            the test probabilities alone; no out-of-fold figure includes them.
        partial: also runs that are not finished, with a note.
        quiet: print only warnings; the result has what would be printed.

    Returns:
        The ensemble as an open run: `steps` has the out-of-fold accuracy of each run, of the ensemble, and after
        calibration; `oof()` and `test()` are its probabilities.

    Raises:
        RunError: a run is not finished, or the runs are of other tables, classes or rows.
        DataError: a submission does not predict every row.
        MissingPackageError: a package is not installed.
        UserError: the folder has files of something else, or another mistake.

    Examples:
        >>> import sketchfit
        >>> both = sketchfit.ensemble(["runs/first", "runs/second"], out="runs/both")
        >>> both.kind, both.steps[0].name, both.oof().prob.shape
        ('ensemble', 'first', (32, 4))
    """
    with public_call(quiet, writes="ensemble"):
        check_paths(runs=runs, out=out)
        from sketchfit.commands.ensemble import combine
        from sketchfit.runs.run import Run
        from sketchfit.tracking.console import Console

        combine(runs, out, submissions, Console(), partial=partial)
        return Run.open(out)
