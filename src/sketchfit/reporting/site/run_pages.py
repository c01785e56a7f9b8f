"""The pages and files of a run, as they exist on disk, and the bar that links them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import quote

from sketchfit.errors import UserError
from sketchfit.reporting.kit.site_bar import PageLink
from sketchfit.reporting.scout_page import PAGE
from sketchfit.runs.artefacts import LinkedPages, ScoutRecord
from sketchfit.runs.artefacts.pages import LinkedKind
from sketchfit.runs.run import Run

_LINKED: dict[LinkedKind, tuple[str, str]] = {
    "comparison": ("Comparison", "This run and others on the same drawings."),
    "ablation": ("Ablation", "Single changes of a recipe on the same data."),
    "scout": ("Scout", "Backbones and input sizes on the same data."),
    "search": ("Search", "The settings that were tried, and what the search has gained."),
    "bundle": ("Bundle", "A network of this run with all that predicting needs."),
}


@dataclass(frozen=True)
class RunPage:
    """A page or a file of a run.

    Attributes:
        name: in the bar, or the name of the file.
        path: where it is.
        text: what it contains, one sentence.
        anchor: of a section of it; empty for all of it.
        heading: of a page that another command wrote; else empty.
    """

    name: str
    path: Path
    text: str
    anchor: str = ""
    heading: str = ""

    def address(self, page: Path) -> str:
        """Return its address in a link of another page."""
        return address(self.path, page) + (f"#{self.anchor}" if self.anchor else "")


def address(target: Path, page: Path) -> str:
    """Return the address of a file in a link of a page, relative where that is possible."""
    try:
        relative = os.path.relpath(target.absolute(), page.absolute().parent)
    except ValueError:  # another drive
        return target.absolute().as_uri()
    return quote(Path(relative).as_posix())


def run_pages(run: Run) -> list[RunPage]:
    """Return the pages of a run that exist, the overview first, also if it is not written yet."""
    audit, report = run.folder.findings.with_name("index.html"), run.folder.report
    pages = [RunPage("Overview", run.folder.overview, "The result of the run in short, and links to everything.")]
    if audit.is_file():
        pages.append(RunPage("Audit", audit, "The data before training: files, near-duplicates, traits, test drift."))
    if report.is_file():
        pages.append(RunPage("Report", report, "Accuracy, errors, classes, labels to review, what to try next."))
        if run.plan is not None:
            pages.append(RunPage("Plan", report, "What was planned for the time, and what was done.", anchor="plan"))
    return pages + linked_pages(run) + scout_pages(run)


def linked_pages(run: Run) -> list[RunPage]:
    """Return the pages of other commands about a run that still exist."""
    found = LinkedPages.find(run.path)
    pages = []
    for one in found.pages if found else ():
        name, text = _LINKED[one.kind]
        if _exists(path := Path(os.path.normpath(run.path.absolute() / one.place))):
            pages.append(RunPage(name, path, text, heading=one.title))
    return pages


def _exists(path: Path) -> bool:
    """Return whether there is a file or folder; not where its folder must not be read, or its name is too long."""
    try:
        return path.exists()
    except OSError:
        return False


def scout_pages(run: Run) -> list[RunPage]:
    """Return the pages of scouts on the data of a run, in folders next to it."""
    pages, (name, text) = [], _LINKED["scout"]
    for file in sorted(run.path.absolute().parent.glob(f"*/{ScoutRecord.PLACE}")):
        page = file.with_name(PAGE)
        with suppress(UserError, OSError):
            if page.is_file() and Path(ScoutRecord.read(file.parent).data).resolve() == run.state.source.resolve():
                pages.append(RunPage(name, page, text, heading=file.parent.name))
    return pages


def run_files(run: Run) -> list[RunPage]:
    """Return the files of a run that a person opens, as far as they exist."""
    labels = run.folder.report.with_name("label_issues.csv")
    review = "Labels to review, in the form that --relabel reads." if _has_lines(labels) else "Labels to review: none."
    files = (
        (run.folder.submission, "The prediction for each test drawing."),
        (run.folder.recipe, "All settings, every default included. It repeats the run."),
        (run.folder.log, "What the run printed."),
        (labels, review),
        (run.folder.findings, "All that the audit found."),
    )
    return [RunPage(path.name, path, text) for path, text in files if path.is_file()]


def _has_lines(table: Path) -> bool:
    """Return whether a table has a line below the names of its columns."""
    if not table.is_file():
        return False
    with table.open("rb") as file:
        return len(list(islice(file, 2))) > 1


def bar_of(pages: Sequence[RunPage], page: Path) -> list[PageLink]:
    """Return the bar of a page.

    Args:
        pages: of the run. Of several with one name the bar has one link: to the list on the overview.
        page: with the bar.
    """
    names = [one.name for one in pages]
    links = []
    for one in pages:
        if names.count(one.name) == 1:
            is_this = one.path.absolute() == page.absolute() and not one.anchor
            links.append(PageLink(one.name, one.address(page), is_this))
        elif (several := PageLink(f"{one.name}s", f"{address(pages[0].path, page)}#pages")) not in links:
            links.append(several)
    return links
