"""What the audit's page states about related drawings, which is rendered again once they are known."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from sketchfit.config.recipe import Recipe
from sketchfit.reporting.audit.fold_answer import fold_answer
from sketchfit.reporting.kit.formats import minus
from sketchfit.reporting.kit.marked_part import marked_part, replace_part
from sketchfit.reporting.kit.page import render
from sketchfit.runs.artefacts import Relations

PART = "related rows"
"""Name of the section as a part of the page."""

ANSWER = "folds and related rows"
"""Name of the first answer as a part of the page."""


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
    return marked_part(PART, _section(relations, untested))


def relations_answer(relations: Relations | None, untested: str = "") -> Markup:
    """Render the first answer on the page; arguments as for `relations_section`."""
    return marked_part(ANSWER, _answer(relations, untested))


def show_relations(page: Path, relations: Relations | None, untested: str = "") -> None:
    """Write both into a page of the audit, atomically; a page without a place for them stays as it is.

    Args:
        page: the page; nothing is done where there is none.
        relations, untested: see `relations_section`.
    """
    replace_part(page, PART, _section(relations, untested))
    replace_part(page, ANSWER, _answer(relations, untested))


def _section(relations: Relations | None, untested: str) -> Markup:
    return render("audit_relations", relations=relations, untested=untested)


def _answer(relations: Relations | None, untested: str) -> Markup:
    return Markup("<p>") + minus(fold_answer(relations, untested)) + Markup("</p>")
