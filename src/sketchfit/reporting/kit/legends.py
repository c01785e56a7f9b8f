"""Legends of charts: a list of names under the picture, each with a mark that looks like its series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from markupsafe import Markup

Mark = Literal["line", "dashed", "box", "pale", "dot", "ring", "cross"]


@dataclass(frozen=True)
class LegendEntry:
    """A name of a legend.

    Attributes:
        name: of a series, in words of the page.
        style: class of the style sheet that sets its colour, such as `s0`.
        mark: what the series looks like, so that it can be recognised without its colour.
    """

    name: str
    style: str
    mark: Mark = "line"


def legend(entries: Sequence[LegendEntry]) -> Markup:
    """Write the legend as a list; nothing without entries. All text in it is escaped.

    >>> legend([LegendEntry("training", "s0", "dashed")])
    Markup('<ul class="legend"><li><span class="mark-dashed s0"></span>training</li></ul>')
    """
    if not entries:
        return Markup()
    items = (f'<li><span class="mark-{one.mark} {one.style}"></span>{escape(one.name)}</li>' for one in entries)
    return Markup(f'<ul class="legend">{"".join(items)}</ul>')
