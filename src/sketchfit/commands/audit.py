"""`sketchfit audit`: check a data set before training."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sketchfit.auditing import Audit
from sketchfit.config.load import load_recipe
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


def audit(
    data: str | Path,
    recipe: str | Path | Mapping[str, Any] = "cpu",
    overrides: Sequence[str] | Mapping[str, Any] = (),
    out: str | Path = "audit",
    *,
    external: Sequence[str | Path] = (),
) -> Audit:
    """Audit a data set: traits, drift, broken files, near-duplicates, related rows, leaks.

    Args:
        data: folder with the tables and images, or a table.
        recipe, overrides: as for `run`; `audit:`, `claim:`, `data:`, `folds:` and `seed` are used, and `model:` of the
            first member, whose frozen features show related rows.
        out: folder of `findings.json`, `relations.json`, `traits.parquet` and `index.html`; or the path of the page,
            ending in `.html`, with the other files next to it.
        external: further training data to be compared with the test and training images.

    Raises:
        UserError: a mistake in the recipe or the tables; external data that holds test images.
    """
    settings = load_recipe(recipe, overrides)
    if external:
        section = settings.audit.model_copy(update={"external": tuple(map(str, external))})
        settings = settings.model_copy(update={"audit": section})
    console = Console(settings.tracking.progress)
    place = audit_page(out)
    folder, page = place.parent, place.name
    with nullcontext() if Path(out).suffix == ".html" else one_writer(folder):
        table = load_table(Path(data), settings, with_folds=False)
        check_external_images(table, settings)
        features = _features(table, settings, console)
        found = audit_table(table, settings, console)
        write_audit(found, settings, folder, page, review_of_data(Path(data), settings, fingerprint(table)))
        log_audit(found, folder, page)
        _relate(features, found, folder, page)
    return found


def audit_page(out: str | Path) -> Path:
    """Return the path of an audit's page; `out` as for `audit`."""
    return Destination.of(Path(out)).path if Path(out).suffix == ".html" else Path(out) / PAGE


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
