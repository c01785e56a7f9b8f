"""The overview of a run, `index.html` of its folder: the result in short, all pages and files, and next commands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sketchfit.reporting.kit.commands import shown_path
from sketchfit.reporting.kit.page import render
from sketchfit.reporting.site.run_facts import run_facts
from sketchfit.reporting.site.run_pages import RunPage, bar_of, run_files
from sketchfit.runs.finished import what_is_missing
from sketchfit.runs.run import Run
from sketchfit.shell import quoted


@dataclass(frozen=True)
class NextStep:
    """A command to continue with: what it does, and the command."""

    text: str
    command: str


def overview_page(run: Run, pages: Sequence[RunPage], summary: Markup | None = None) -> str:
    """Render the overview.

    Args:
        run: a run, a fit or an ensemble, finished or not.
        pages: of it, the overview first.
        summary: the answers that stand at the top of its report; None where there is no report.
    """
    page = run.folder.overview
    return render(
        "overview",
        title=run.name,
        site=bar_of(pages, page),
        links=[("result", "Result"), ("pages", "Pages"), ("files", "Files"), ("commands", "Commands")],
        lacks=what_is_missing(run),
        facts=run_facts(run),
        figure=run.steps[-1].top1 if run.steps else None,
        claim=run.claim,
        summary=summary,
        pages=[(one, one.address(page)) for one in pages[1:]],
        files=[(one, one.address(page)) for one in run_files(run)],
        steps=next_steps(run),
    )


def next_steps(run: Run) -> list[NextStep]:
    """Return commands that use a run, ready to copy; an ensemble of runs has no networks to predict with."""
    folder = quoted(shown_path(run.path))
    of_all = [
        NextStep("Compare with another run", f"sketchfit compare {folder} OTHER --out compare.html"),
        NextStep("Write the report again", f"sketchfit report {folder}"),
    ]
    if run.kind == "ensemble":
        return of_all
    return [
        NextStep("Predict other drawings", f"sketchfit predict {folder} IMAGES --out predictions.csv"),
        *of_all,
        NextStep("Export a network for use without the training packages", f"sketchfit export {folder} --out bundle"),
        NextStep("Serve predictions and a page to draw on", f"sketchfit serve {folder}"),
    ]
