"""A section of the report: its place in the navigation, its HTML, and the data that its script needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from sketchfit.reporting.kit.page import render
from sketchfit.reporting.run.section_texts import SECTION_TEXTS, SectionText


@dataclass(frozen=True)
class PageSection:
    """A section of the report.

    Attributes:
        anchor: `id` of its element.
        name: in the navigation.
        html: its content, without the heading.
        data: what the page's script needs of it, by key.
    """

    anchor: str
    name: str
    html: Markup
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> SectionText:
        """The heading and the note for readers."""
        return SECTION_TEXTS[self.anchor]


def page_section(anchor: str, name: str, data: Mapping[str, Any] | None = None, **context: Any) -> PageSection:
    """Render `templates/report/<anchor>.html.j2`."""
    return PageSection(anchor, name, render(f"report/{anchor}", **context), data or {})
