"""`sketchfit.score`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sketchfit.api.call import check_paths, public_call

if TYPE_CHECKING:
    from sketchfit.commands.score import Score


def score(run: str | Path, truth: str | Path, *, partial: bool = False) -> Score:
    """Compare a run's test predictions, and what it claimed for them, with the true labels.

    Args:
        run: a run's folder.
        truth: table with a column of labels, such as `target`. Rows are matched by a column of images or IDs; where
            there is none they must be in the order of the test rows, which is noted.
        partial: also of a run that is not finished, with a note.

    Returns:
        `top1` and `top5` with intervals, `claimed`, and whether the claim `holds`.

    Raises:
        RunError: no finished run.
        DataError: no column of labels, rows missing or repeated, or a label that is no class.
        MissingPackageError: a package is not installed.
        UserError: another mistake.

    Examples:
        >>> import sketchfit
        >>> found = sketchfit.score("runs/first", "data/test_labels.csv")
        >>> found.top1.n, 0 <= found.top1.value <= 1
        (12, True)
    """
    with public_call():
        check_paths(run=run, truth=truth)
        from sketchfit.commands.score import score as score_run

        return score_run(run, truth, partial=partial)
