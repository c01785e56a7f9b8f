"""A chart of accuracy against time, with the points that no other one beats joined by steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sketchfit.reporting.kit.chart_shapes import Chart, Dot, Line, Shape, Text
from sketchfit.reporting.kit.charts import Axis, Frame, whole_percent
from sketchfit.reporting.kit.formats import compact

_CHARACTER = 5.6
"""Mean width of a character of a label in units."""


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


def pareto_chart(points: Sequence[Plotted], title: str, x_title: str) -> Chart | None:
    """Draw accuracy against time on a logarithmic axis; points of the front have their names.

    Args:
        points: the times are above 0.
        title: for screen readers.
        x_title: of the axis of time.

    Returns:
        None without points.
    """
    if not points:
        return None
    low, high = min(one.x for one in points), max(one.x for one in points)
    frame = Frame(_Times(low / 1.2, high * 1.2, x_title, compact, logarithmic=True), _accuracies(points), 560, 300)
    front = pareto_front(points)
    steps = [frame.at(one.x, one.y) for one in front]
    corners = [part for one, after in pairwise(steps) for part in (one, (after[0], one[1]))]
    shapes: list[Shape] = [Line([*corners, *steps[-1:]], "s0 thin")]
    beaten = [one for one in points if one not in front]
    shapes += [Dot(*frame.at(one.x, one.y), 3, "s7", _note(one)) for one in beaten]
    shapes += [Dot(*frame.at(one.x, one.y), 4, "s0", _note(one)) for one in front]
    return frame.chart(title, [*shapes, *_labels(frame, front)])


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
    return Axis(max(0.0, low - room), min(1.0, high + room), "share right out of fold", whole_percent)


def _labels(frame: Frame, front: Sequence[Plotted]) -> list[Text]:
    """Names of the front's points: above to the left, where no point can be; below to the right where no room is."""
    texts = []
    for one in front:
        x, y = frame.at(one.x, one.y)
        room = x - frame.at(frame.x.low, one.y)[0]
        left = room > _CHARACTER * len(one.name) + 6
        texts.append(Text(x - 6, y - 4, one.name, "end") if left else Text(x + 6, y + 13, one.name, "start"))
    return texts


def _note(one: Plotted) -> str:
    return f"{one.name}: {100 * one.y:.1f} %, {compact(one.x)}"
