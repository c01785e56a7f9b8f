"""`sketchfit.compare`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sketchfit.api.call import check_paths, public_call

if TYPE_CHECKING:
    from sketchfit.reporting.comparing.paired import RunComparison


@dataclass(frozen=True)
class ComparisonResult:
    """Runs compared with one of them, the base.

    Attributes:
        page: the page.
        differences: each other run minus the base: `top1`, `top5` and `log_loss` with intervals and p-values, and the
            rows `gained` and `lost`.
    """

    page: Path
    differences: tuple[RunComparison, ...]


def compare(
    runs: Sequence[str | Path],
    out: str | Path = "compare.html",
    *,
    names: Sequence[str] = (),
    base: str | None = None,
    partial: bool = False,
    timed: bool = True,
    quiet: bool = False,
) -> ComparisonResult:
    """Compare runs on the drawings that all of them predicted out of fold, and write a page.

    Args:
        runs: run folders, two or more.
        out: the page, an HTML file.
        names: one per run; empty: those of the folders.
        base: name of the run that the others are compared with; None: the first one.
        partial: also runs that are not finished, with a note.
        timed: measure the time per image of each run that has its networks.
        quiet: print only warnings; the result has what would be printed.

    Returns:
        The path of the page, and each other run compared with the base.

    Raises:
        RunError: a run is not finished, or the runs have different classes or no drawing in common.
        MissingPackageError: a package is not installed.
        UserError: fewer than two runs, names that do not fit the runs, or another mistake.

    Examples:
        >>> import sketchfit
        >>> found = sketchfit.compare(["runs/first", "runs/second"], timed=False)
        >>> found.differences[0].name, found.differences[0].base, found.differences[0].top1.n
        ('second', 'first', 32)
    """
    with public_call(quiet, writes="compare"):
        check_paths(runs=runs, out=out)
        from sketchfit.commands.compare import CompareOptions
        from sketchfit.commands.compare import compare as compare_runs

        return ComparisonResult(Path(out), tuple(compare_runs(runs, out, CompareOptions(names, base, partial, timed))))
