"""Writing the site of a run: the overview, and the bar on every page."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from sketchfit.errors import UserError
from sketchfit.files import write_text
from sketchfit.reporting.kit.site_bar import PageLink, write_bar
from sketchfit.reporting.run.summary_html import summary_html
from sketchfit.reporting.site.overview import overview_page
from sketchfit.reporting.site.run_pages import address, bar_of, run_pages, scout_pages
from sketchfit.runs.artefacts import LinkedPage, LinkedPages, RunSummary
from sketchfit.runs.artefacts.pages import LinkedKind
from sketchfit.runs.folder import RunFolder
from sketchfit.runs.lock import one_writer
from sketchfit.runs.run import Run
from sketchfit.runs.state import State

log = logging.getLogger(__name__)

MOST_LINKED = 40
"""Pages of other commands; the oldest are dropped."""


def write_site(run: Run) -> Path:
    """Write `index.html` of a run's folder, and the bar of its other pages. Returns the path of the overview.

    Raises:
        UserError: a file of the run is damaged.
    """
    pages = run_pages(run)
    overview = run.folder.overview
    found = RunSummary.find(run.path) if run.folder.report.is_file() else None
    summary = None if found is None else summary_html(found, address(run.folder.report, overview))
    write_text(overview, overview_page(run, pages, summary))
    for page in {one.path for one in pages if one.path.suffix == ".html"}:
        inside = page.absolute().is_relative_to(run.path.absolute())
        if inside:  # a page about several runs has another bar
            write_bar(page, bar_of(pages, page))
    for one in scout_pages(run):
        table = [run.path, *runs_on(run.state.table_id, run.path.absolute().parent)]
        _write_linked_bar(one.path, "Scout", [folder.absolute() for folder in table])
    return overview


def link_page(page: Path, kind: LinkedKind, title: str, runs: Sequence[Path]) -> None:
    """Link a page from the overviews of runs, and these from its bar. Runs without one, or in use, are left unchanged.

    Args:
        page: a file, or the folder of a bundle.
        kind: what it is.
        title: its heading.
        runs: folders.
    """
    place = Path(os.path.realpath(page))
    if not place.exists():  # it was written to a pipe
        return
    for folder in runs:
        if RunFolder(folder).overview.is_file():
            _link(LinkedPage(kind=kind, title=title, place=_place(place, folder)), folder)
    _write_linked_bar(place, kind.capitalize(), runs)


def _write_linked_bar(page: Path, name: str, runs: Sequence[Path]) -> None:
    """Write the bar of a page about several runs: their overviews, and the page itself."""
    overviews = {folder.resolve().name: RunFolder(folder).overview for folder in runs}
    others = [PageLink(run, address(place, page)) for run, place in overviews.items() if place.is_file()]
    write_bar(page, [*others, PageLink(name, quote(page.name), current=True)])


def _link(page: LinkedPage, folder: Path) -> None:
    try:
        with one_writer(folder):
            run = Run.open(folder)
            known = LinkedPages.find(folder)
            others = [one for one in (known.pages if known else ()) if one.place != page.place]
            run.folder.write(LinkedPages(pages=(*others, page)[-MOST_LINKED:]))
            write_site(run)
    except (UserError, OSError) as error:
        log.info(f"note: the overview of {folder} does not link {page.title}: {error}")


def runs_on(table_id: str, folder: Path) -> list[Path]:
    """Return the runs in a folder that were made on a table."""
    found = []
    for state in sorted(folder.glob("*/state.json")):
        with suppress(UserError, OSError):
            if State.read(state.parent).table_id == table_id:
                found.append(state.parent)
    return found


def _place(page: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(page, folder.resolve())).as_posix()
    except ValueError:  # another drive
        return str(page)
