"""`sketchfit.report`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sketchfit.api.call import check_paths, public_call
from sketchfit.commands.request import Changes
from sketchfit.config.keywords import keyword_settings
from sketchfit.config.overrides import merge, settings_of

if TYPE_CHECKING:
    from sketchfit.runs.artefacts.summary import RunSummary


@dataclass(frozen=True)
class ReportResult:
    """A report that was written.

    Attributes:
        page: the page.
        summary: its figures and answers: how good and how certain, what fails, what to do next, its limits.
    """

    page: Path
    summary: RunSummary


def report(
    run: str | Path,
    overrides: Changes = (),
    *,
    partial: bool = False,
    out: str | Path | None = None,
    quiet: bool = False,
    **settings: Any,
) -> ReportResult:
    """Write the report on a run again: figures with intervals, errors, and what to try next.

    Args:
        run: a run's folder. Its images must be where they were during training.
        overrides: nested settings, or `key=value` texts, of the section `report`; `data.follow_links=true` follows
            links that lead out of the data folder.
        partial: also on a run that is not finished, with a note on the page.
        out: folder to write instead of the run's `report/`. The folder of the run is then only read, so it may be one
            in progress.
        quiet: print only warnings; the result has what would be printed.
        **settings: settings by name, such as `gallery=50`; see `run`.

    Returns:
        The path of the page, and what it begins with as figures and sentences.

    Raises:
        RecipeError: mistakes in the settings.
        RunError: no finished run, or another process writes into its folder.
        DataError: its images are missing.
        MissingPackageError: a package is not installed.
        UserError: the other folder has files of something else, or another mistake.

    Examples:
        >>> import sketchfit
        >>> written = sketchfit.report("runs/first", out="page", gallery=5, attribution=0, robustness=0, embedding=0)
        >>> written.page.name
        'index.html'
    """
    with public_call(quiet, writes="report"):
        check_paths(run=run, out=out)
        changes = merge(settings_of(overrides), keyword_settings(settings))
        from sketchfit.commands.report import report as write_report
        from sketchfit.runs.artefacts.summary import RunSummary

        page = write_report(run, changes, partial=partial, out=out)
        return ReportResult(page, RunSummary.read_file(page.with_name("summary.json")))
