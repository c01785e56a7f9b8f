"""Each public name, and each class of what a public function returns, is on a page of the API."""

from __future__ import annotations

import re
from pathlib import Path

import sketchfit
from tools.public_surface import RETURNED

DOCS = Path(__file__).parents[2] / "docs"

DIRECTIVE = re.compile(r"^::: ([\w.]+)$", re.MULTILINE)


def documented() -> list[str]:
    pages = sorted((DOCS / "api").glob("*.md"))
    return [name for page in pages for name in DIRECTIVE.findall(page.read_text(encoding="utf-8"))]


def test_each_public_name_is_on_one_page() -> None:
    public = [f"sketchfit.{name}" for name in sketchfit.__all__ if name != "__version__"]
    returned = [f"{module}.{name}" for name, module in RETURNED.items()]
    assert sorted(documented()) == sorted(
        [*public, *returned, "sketchfit.commands.request.Changes", "sketchfit.commands.request.RecipeSource"]
    )


def test_the_index_links_each_public_name() -> None:
    linked = re.findall(r"\]\(([\w.]+)\.md#sketchfit\.(\w+)\)", (DOCS / "api" / "index.md").read_text(encoding="utf-8"))
    assert sorted(name for _, name in linked) == sorted(set(sketchfit.__all__) - {"__version__"})
    for page, name in linked:
        assert f"::: sketchfit.{name}\n" in (DOCS / "api" / f"{page}.md").read_text(encoding="utf-8")
