"""The section "Related rows" of the audit's page, which is rendered again once they are known."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from sketchfit.config.recipe import Recipe
from sketchfit.files import write_text
from sketchfit.reporting.kit.page import render
from sketchfit.runs.artefacts import Relations

_START, _END = "<!-- related rows -->", "<!-- end of related rows -->"


def why_untested(recipe: Recipe) -> str:
    """Return why a run of this recipe tests no relations, if it tests none; no full stop."""
    if not recipe.claim.enabled:
        return "claim.enabled is off"
    if recipe.folds.column is not None:
        return f"the column {recipe.folds.column} gives the folds (folds.column)"
    return "the backbone has no features before its classifier"


def relations_section(relations: Relations | None, untested: str = "") -> Markup:
    """Render the section.

    Args:
        relations: what was found; None where nothing was tested.
        untested: why not, without a full stop.
    """
    html = render("audit_relations", relations=relations, untested=untested)
    return Markup(_START) + html + Markup(_END)


def show_relations(page: Path, relations: Relations | None, untested: str = "") -> None:
    """Write the section into a page of the audit, atomically; a page without a place for it stays as it is.

    Args:
        page: the page; nothing is done where there is none.
        relations, untested: see `relations_section`.
    """
    if not page.is_file():
        return
    text = page.read_text(encoding="utf-8", errors="replace")  # a damaged page is no reason to stop a run
    before, start, rest = text.partition(_START)
    _, end, after = rest.partition(_END)
    if start and end:
        write_text(page, before + str(relations_section(relations, untested)) + after)
