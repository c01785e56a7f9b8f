"""The bar above each page: links to the other pages of the same run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sketchfit.reporting.kit.marked_part import replace_part
from sketchfit.reporting.kit.page import render

PART = "pages"
"""Name of the bar as a part of a page."""


@dataclass(frozen=True)
class PageLink:
    """A page in the bar: its name, its address relative to the page with the bar, and whether it is that page."""

    name: str
    href: str
    current: bool = False


def write_bar(page: Path, links: Sequence[PageLink]) -> bool:
    """Write the bar of a page again; the rest of the page stays. Returns whether the page has a bar."""
    return replace_part(page, PART, render("site", site=links))
