"""`sketchfit audit`: check a data set before training."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from sketchfit.auditing import Audit
from sketchfit.commands.request import DataRequest
from sketchfit.config.recipe import Recipe
from sketchfit.data.table import Table, fingerprint
from sketchfit.destinations import Destination
from sketchfit.moving import delete_file
from sketchfit.reporting.audit.recipe_audit import PAGE, audit_table, check_external_images, log_audit, write_audit
from sketchfit.reporting.audit.relations_card import show_relations, why_untested
from sketchfit.reporting.review import review_of_data
from sketchfit.runs.lock import one_writer
from sketchfit.stages.tables import load_table
from sketchfit.tracking.console import Console

if TYPE_CHECKING:
    from sketchfit.stages.related_rows import TableFeatures

log = logging.getLogger(__name__)

RELATIONS = "relations.json"


def audit(request: DataRequest, *, external: Sequence[str | Path] = ()) -> Audit:
    """Audit a data set; arguments and errors: `sketchfit.audit`.

    The files `findings.json`, `relations.json` and `traits.parquet` are written next to the page (`audit_page`).
    """
    request = request.resolved()
    settings = request.checked_recipe()
    if external:
        section = settings.audit.model_copy(update={"external": tuple(map(str, external))})
        settings = settings.model_copy(update={"audit": section})
    console = Console(settings.tracking.progress)
    place = audit_page(request)
    folder, page = place.parent, place.name
    with nullcontext() if _names_page(request) else one_writer(folder):
        table = load_table(request.data, settings, with_folds=False)
        check_external_images(table, settings)
        features = _features(table, settings, console)
        found = audit_table(table, settings, console)
        write_audit(found, settings, folder, page, review_of_data(request.data, settings, fingerprint(table)))
        log_audit(found, folder, page)
        _relate(features, found, folder, page)
    return found


def audit_page(request: DataRequest) -> Path:
    """Return the path of an audit's page: that in its folder, or the one that the user names."""
    out = request.out or Path("audit")
    return Destination.of(out).path if _names_page(request) else out / PAGE


def _names_page(request: DataRequest) -> bool:
    return request.out is not None and request.out.suffix == ".html"


def _features(table: Table, recipe: Recipe, console: Console) -> TableFeatures | str:
    """Return frozen features, or why there are none."""
    if not recipe.claim.enabled:
        return why_untested(recipe)
    from sketchfit.stages.related_rows import TableFeatures  # imports torch and timm, which takes seconds

    return TableFeatures.of(table, recipe, console)


def _relate(features: TableFeatures | str, found: Audit, folder: Path, page: str) -> None:
    """Write, show and log related rows, or log why they were not tested."""
    relations = None if isinstance(features, str) else features.relations(found.group, found.drift.auc_low)
    untested = features if isinstance(features, str) else features.untested
    show_relations(folder / page, relations, untested)
    if relations is None:
        delete_file(folder / RELATIONS)  # of an earlier audit
        log.info(f"related rows were not tested: {untested}")
        return
    relations.write_file(folder / RELATIONS)
    for line in relations.lines():
        log.info(line)
