"""`sketchfit.audit`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sketchfit.api.call import check_paths, public_call
from sketchfit.commands.request import Changes, DataRequest, RecipeSource

if TYPE_CHECKING:
    import pandas as pd

    from sketchfit.auditing import Audit
    from sketchfit.runs.artefacts import Relations


@dataclass(frozen=True)
class AuditResult:
    """What an audit found and wrote.

    Attributes:
        page: the page; it does not exist where the recipe has `audit.html=false` or `audit.detail=copies`.
        found: near-duplicates, crossings of folds, broken files, drift; see the attributes of `Audit`.
        relations: which rows are related; None where that was not tested.
    """

    page: Path
    found: Audit
    relations: Relations | None

    @property
    def traits(self) -> pd.DataFrame:
        """Measured traits of all images, one line per image, training images first; see docs/audit.md."""
        return self.found.traits


def audit(
    data: str | Path,
    recipe: RecipeSource = "cpu",
    overrides: Changes = (),
    out: str | Path = "audit",
    *,
    external: Sequence[str | Path] = (),
    quiet: bool = False,
    **settings: Any,
) -> AuditResult:
    """Audit a data set before training: traits, drift, broken files, near-duplicates, related rows, leaks.

    Args:
        data: folder with the tables and images, or a table.
        recipe: as for `run`; its sections `audit`, `claim`, `data` and `folds` are used, and `model`, whose frozen
            features show related rows.
        overrides: nested settings, or `key=value` texts, that change the recipe.
        out: folder of the page and its data; or the path of the page, which ends in `.html`.
        external: further training data to compare with the test and training images.
        quiet: print only warnings; the result has what would be printed.
        **settings: settings by name, such as `max_pixels=10**7`; see `run`.

    Returns:
        The path of the page, what was found, related rows.

    Raises:
        RecipeError: mistakes in the recipe or its changes.
        DataError: mistakes in the tables.
        MissingPackageError: a package is not installed.
        UserError: external data that holds test images, or another mistake.

    Examples:
        >>> import sketchfit
        >>> found = sketchfit.audit("data", "demo", claim__enabled=False)
        >>> found.page.name, len(found.traits)
        ('index.html', 44)
    """
    with public_call(quiet, writes="audit"):
        check_paths(external=external)
        request = DataRequest.of(data, recipe, overrides, out, settings)
        from sketchfit.commands.audit import RELATIONS, audit_page
        from sketchfit.commands.audit import audit as audit_data
        from sketchfit.runs.artefacts import Relations

        found, page = audit_data(request, external=external), audit_page(request)
        related = page.with_name(RELATIONS)
        return AuditResult(page, found, Relations.read_file(related) if related.is_file() else None)
