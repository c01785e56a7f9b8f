"""`sketchfit audit`: check a data set before training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sketchfit.audit import Audit
from sketchfit.config.load import load_recipe
from sketchfit.reporting.audit.recipe_audit import PAGE, audit_table, check_external_images, log_audit, write_audit
from sketchfit.stages.tables import load_table
from sketchfit.tracking.console import Console


def audit(
    data: str | Path,
    recipe: str | Path | Mapping[str, Any] = "cpu",
    overrides: Sequence[str] | Mapping[str, Any] = (),
    out: str | Path = "audit",
    *,
    external: Sequence[str | Path] = (),
) -> Audit:
    """Audit a data set: traits, drift, broken files, near-duplicates, leaks.

    Args:
        data: folder with the tables and images, or a table.
        recipe, overrides: as for `run`; `audit:`, `data:`, `folds:` and `seed` are used.
        out: folder of `findings.json`, `traits.parquet` and `index.html`; or the path of the page, ending in `.html`,
            with the other files next to it.
        external: further training data to be compared with the test and training images.

    Raises:
        UserError: a mistake in the recipe or the tables; external data that holds test images.
    """
    settings = load_recipe(recipe, overrides)
    if external:
        section = settings.audit.model_copy(update={"external": tuple(map(str, external))})
        settings = settings.model_copy(update={"audit": section})
    console = Console(settings.tracking.progress)
    table = load_table(Path(data), settings, with_folds=False)
    place = Path(out)
    folder, page = (place.parent, place.name) if place.suffix == ".html" else (place, PAGE)
    check_external_images(table, settings)
    found = audit_table(table, settings, console)
    write_audit(found, settings, folder, page)
    log_audit(found, folder, page)
    return found
