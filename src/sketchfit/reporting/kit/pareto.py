"""A chart of accuracy against time, with the points that no other one beats joined by steps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sketchfit.reporting.kit.chart_shapes import Anchor, Chart, Dot, Line, Shape, Text
from sketchfit.reporting.kit.chart_text import shortened, text_width
from sketchfit.reporting.kit.charts import Axis, Frame, whole_percent
from sketchfit.reporting.kit.formats import compact
from sketchfit.reporting.kit.legends import LegendEntry

_LONGEST, _SHORTEST = 200, 60
"""Width of a label in units: longer names are cut, but not to less than the second figure."""

Area = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True)
class Plotted:
    """A point: its name, a time above 0, and an accuracy in 0 … 1."""

    name: str
    x: float
    y: float


def pareto_front(points: Sequence[Plotted]) -> list[Plotted]:
    """Return the points that no other one beats: less time and at least the accuracy. The fastest first.

    >>> [one.name for one in pareto_front([Plotted("a", 1, 0.5), Plotted("b", 2, 0.4), Plotted("c", 3, 0.6)])]
    ['a', 'c']
    """
    front: list[Plotted] = []
    for one in sorted(points, key=lambda point: (point.x, -point.y)):
        if not front or one.y > front[-1].y:
            front.append(one)
    return front


def pareto_chart(points: Sequence[Plotted], title: str, x_title: str, name_all: bool = False) -> Chart | None:
    """Draw accuracy against time on a logarithmic axis; points of the front have their names.

    Args:
        points: the times are above 0.
        title: for screen readers.
        x_title: of the axis of time.
        name_all: also write the names of the other points, where there is room.

    Returns:
        None without points.
    """
    if not points:
        return None
    low, high = min(one.x for one in points), max(one.x for one in points)
    frame = Frame(_Times(low / 1.2, high * 1.2, x_title, compact, logarithmic=True), _accuracies(points), 440, 280)
    front = pareto_front(points)
    steps = [frame.at(one.x, one.y) for one in front]
    corners = [part for one, after in pairwise(steps) for part in (one, (after[0], one[1]))]
    shapes: list[Shape] = [Line([*corners, *steps[-1:]], "s0 thin")]
    beaten = [one for one in points if one not in front]
    shapes += [Dot(*frame.at(one.x, one.y), 3, "s7", _note(one)) for one in beaten]
    shapes += [Dot(*frame.at(one.x, one.y), 4, "s0", _note(one)) for one in front]
    named = [*reversed(front), *(beaten if name_all else [])]
    legend = [LegendEntry("no other one is at least as accurate in less time", "s0", "dot")]
    if beaten:
        legend.append(LegendEntry("another one is", "s7", "dot"))
    return frame.chart(title, [*shapes, *_labels(frame, named, points)], legend)


class _Times(Axis):
    """A logarithmic axis with ticks at 1, 2 and 5 times powers of ten."""

    def ticks(self) -> list[float]:
        """Round numbers on the axis; more of them where it spans little."""
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        for factors in ((1,), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)):
            found = [factor * 10.0**power for power in powers for factor in factors]
            inside = [value for value in found if self.low <= value <= self.high]
            if len(inside) >= 3:
                return inside
        return inside


def _accuracies(points: Sequence[Plotted]) -> Axis:
    """The axis of accuracies, with room for labels above and below."""
    low, high = min(one.y for one in points), max(one.y for one in points)
    room = max(0.15 * (high - low), 0.01)
    return Axis(max(0.0, low - room), min(1.0, high + room), "share correct out of fold", whole_percent)


def _labels(frame: Frame, named: Sequence[Plotted], points: Sequence[Plotted]) -> list[Text]:
    """Names of points, the most important first: above to the left or right, or below.

    A name that would cover another one or a point is left out; it is shown on hover.
    """
    taken = [(x - 4, y - 4, x + 4, y + 4) for x, y in (frame.at(one.x, one.y) for one in points)]
    texts = []
    for one in named:
        for text, box in _placed(frame, one):
            if not any(_overlap(box, other) for other in taken):
                texts.append(text)
                taken.append(box)
                break
    return texts


def _placed(frame: Frame, one: Plotted) -> Iterator[tuple[Text, Area]]:
    """Yield the possible labels of a point and their areas; a name that is too long for its side is cut."""
    x, y = frame.at(one.x, one.y)
    left, right = (frame.at(end, frame.y.low)[0] for end in (frame.x.low, frame.x.high))
    places: tuple[tuple[Anchor, int], ...] = (("end", -4), ("start", 13), ("start", -4), ("end", 13))
    for anchor, below in places:
        room = (x - 6 - left) if anchor == "end" else (right - x - 6)
        name = shortened(one.name, min(room, _LONGEST))
        width = text_width(name)
        if width <= room and (name == one.name or width >= _SHORTEST):
            start = x - 6 - width if anchor == "end" else x + 6
            text = Text(x - 6 if anchor == "end" else x + 6, y + below, name, anchor)
            yield text, (start, text.y - 9, start + width, text.y + 2)


def _overlap(one: Area, other: Area) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _note(one: Plotted) -> str:
    return f"{one.name}: {100 * one.y:.1f} %, {compact(one.x)}"
