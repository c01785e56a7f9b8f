"""The report on a run: checks before it is computed, and the files that are written."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from sketchfit.activity import activity
from sketchfit.config.load import load_recipe
from sketchfit.config.parse import member_recipes
from sketchfit.config.recipe import Recipe
from sketchfit.data.containers import exists, split_member
from sketchfit.data.remote import advice_on_missing, hold_copy
from sketchfit.errors import DataError
from sketchfit.files import atomic
from sketchfit.models.saved_network import check_saved
from sketchfit.moving import delete_folder
from sketchfit.reporting.evidence import Evidence, read_evidence
from sketchfit.reporting.run.drifted import typical_images
from sketchfit.reporting.run.held_out_networks import HeldOutNetworks
from sketchfit.reporting.run.report_content import ReportSource
from sketchfit.reporting.site.run_pages import address
from sketchfit.reporting.site.write_site import write_site
from sketchfit.runs.inside import first_outside
from sketchfit.tracking.console import duration
from sketchfit.verbosity import as_results

log = logging.getLogger(__name__)


@activity("report")
def write_report(
    run: str | Path,
    stages: Mapping[str, float] | None = None,
    overrides: Sequence[str] | Mapping[str, Any] = (),
    *,
    follow_links: bool = False,
    out: Path | None = None,
    note: str = "",
) -> Path:
    """Write `report/index.html` into a run's folder, or `index.html` into another one.

    Args:
        run: a run's folder. Its images must be where they were during training.
        stages: seconds per stage, where they are known.
        overrides: settings of the report, such as `report.gallery=50`.
        follow_links: follow links that lead out of the data folder. The recipe of the run is not enough: the folder may
            come from somebody else.
        out: the other folder; `drawings` in it is replaced.
        note: what the run lacks, for the page; empty where it is finished.

    Returns:
        Path of the page.

    Raises:
        UserError: there is no finished run, or its images are missing or outside the data folder.
    """
    began = time.monotonic()
    evidence = read_evidence(run, interim=bool(note))
    recipe = evidence.run.recipe
    if overrides:
        recipe = load_recipe(recipe.model_dump(mode="json"), overrides)
    _check_files(evidence, follow_links)
    folder = evidence.run.folder
    linked = out is None and folder.submission.is_file()
    submission = address(folder.submission, folder.report) if linked else ""
    files = ReportSource(evidence, recipe, _networks(evidence, recipe), note, submission).files(stages)
    page = folder.report if out is None else out / folder.report.name
    delete_folder(page.parent / "drawings", ignore_errors=True)
    for place, content in files.items():
        with atomic(page.parent / place) as temporary:
            temporary.write_bytes(content)
    if out is None:
        write_site(evidence.run)
    with as_results():
        log.info(f"report: {page} ({duration(time.monotonic() - began)})")
    return page


def _check_files(evidence: Evidence, follow_links: bool) -> None:
    hold_copy(evidence.root)
    if not follow_links:
        _refuse_links(evidence)
    if not any(exists(evidence.root / path) for path in evidence.paths[:50]):
        raise DataError(
            f"the drawings of {evidence.run.path} are not in {evidence.root}",
            advice_on_missing(evidence.root, "Put them back, or report on another run."),
        )
    for network in chain.from_iterable(evidence.run.trained.values()):
        if network.weights.is_file():  # sections that need networks are left out where there are none
            check_saved(network.path)


def _networks(evidence: Evidence, recipe: Recipe) -> HeldOutNetworks:
    """Return those of the first member with epochs, else of the first member."""
    members = member_recipes(recipe)
    with_epochs = ((name, one) for name, one in members.items() if one.training.epochs)
    return HeldOutNetworks(evidence, *next(with_epochs, next(iter(members.items()))))


def _refuse_links(evidence: Evidence) -> None:
    paths = [parts[0] if (parts := split_member(path)) else path for path in evidence.paths]
    if (link := first_outside(evidence.root, [*paths, *typical_images(evidence)])) is not None:
        raise DataError(
            f"{evidence.root / link} leads out of the data folder",
            "Where you trust who made the run and its data: --set data.follow_links=true",
        )
