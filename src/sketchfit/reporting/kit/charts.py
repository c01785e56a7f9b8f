"""Charts with axes: curves, distributions of confidence, reliability diagrams."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.inference.calibration import Reliability
from sketchfit.reporting.kit.chart_shapes import Chart, Dot, Line, Point, Shape, Text
from sketchfit.reporting.kit.chart_text import text_width
from sketchfit.reporting.kit.formats import number
from sketchfit.reporting.kit.legends import LegendEntry
from sketchfit.wording import counted

_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 22, 12, 40
"""Margins; that on the left is larger where the labels of the ticks are long."""

COLOURS = 8
"""Colours of series in the style sheet."""

_MOST_DOTS = 40
"""A curve of more points is drawn without dots."""


@dataclass(frozen=True)
class Axis:
    """A range of values, from one end of a chart to the other; `write` formats its ticks.

    `integers`: the values are whole numbers, and so are the ticks.
    """

    low: float
    high: float
    title: str
    write: Callable[[float], str] = number
    logarithmic: bool = False
    integers: bool = False

    def place(self, value: float) -> float:
        """Position along the axis: 0 at `low`, 1 at `high`."""
        low, high = self.low, self.high
        if self.logarithmic:
            low, high, value = math.log10(low), math.log10(high), math.log10(value)
        return (value - low) / (high - low)

    def ticks(self) -> list[float]:
        """Round numbers on the axis."""
        if self.logarithmic:
            powers = range(math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9) + 1)
            return [10.0**power for power in powers]
        return ticks(self.low, self.high, integers=self.integers)

    @classmethod
    def around(
        cls, values: Sequence[float], title: str, write: Callable[[float], str] = number, integers: bool = False
    ) -> Axis:
        """An axis that holds all values, with a little room above; with whole numbers, half a step on both sides."""
        low, high = min(values), max(values)
        if integers:
            return cls(low - 0.5, high + 0.5, title, write, integers=True)
        if high - low <= 1e-12 * max(abs(low), abs(high)):
            return cls(low - max(abs(low), 1e-6) / 2, high + max(abs(high), 1e-6) / 2, title, write)
        return cls(low, high + 0.03 * (high - low), title, write)


@dataclass(frozen=True)
class Frame:
    """The area between two axes, in a chart of `width` times `height` units."""

    x: Axis
    y: Axis
    width: int = 400
    height: int = 240

    @cached_property
    def left(self) -> float:
        """Where the axis of x begins: to the right of the title and the labels of y."""
        return max(_LEFT, 25 + max((text_width(self.y.write(value)) for value in self.y.ticks()), default=0.0))

    def at(self, x: float, y: float) -> Point:
        """Where a point is drawn."""
        return (
            self.left + self.x.place(x) * (self.width - self.left - _RIGHT),
            self.height - _BOTTOM - self.y.place(y) * (self.height - _TOP - _BOTTOM),
        )

    def axes(self) -> list[Shape]:
        """Grid lines, ticks and titles."""
        bottom, right = self.height - _BOTTOM, self.width - _RIGHT
        shapes: list[Shape] = []
        for value in self.y.ticks():
            y = self.at(self.x.low, value)[1]
            shapes.append(Line([(self.left, y), (right, y)], "grid"))
            shapes.append(Text(self.left - 5, y + 4, self.y.write(value), "end"))
        for value in self.x.ticks():
            x = self.at(value, self.y.low)[0]
            shapes.append(Text(x, bottom + 15, self.x.write(value)))
        shapes.append(Text((right + self.left) / 2, self.height - 6, self.x.title))
        shapes.append(Text(11, (bottom + _TOP) / 2, self.y.title, upright=False))
        return shapes

    def chart(self, title: str, shapes: Sequence[Shape], legend: Sequence[LegendEntry] = ()) -> Chart:
        """The shapes, over the axes."""
        return Chart(title, self.width, self.height, [*self.axes(), *shapes], legend)


@dataclass(frozen=True)
class Series:
    """A named curve; `colour` is its number in the style sheet. Points that are not finite are left out.

    Series of one `group` share an entry of the legend; without a group the name is the entry.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    colour: int = 0
    dashed: bool = False
    group: str = ""

    @property
    def points(self) -> list[Point]:
        """The finite points."""
        return [(x, y) for x, y in zip(self.x, self.y, strict=True) if math.isfinite(x) and math.isfinite(y)]

    @property
    def style(self) -> str:
        """Class of the style sheet that sets the colour."""
        return f"s{self.colour % COLOURS}"

    @property
    def entry(self) -> LegendEntry:
        """Its entry of the legend."""
        return LegendEntry(self.group or self.name, self.style, "dashed" if self.dashed else "line")


def epoch_chart(
    series: Sequence[Series], title: str, values: Axis, width: int = 400, height: int = 240
) -> Chart | None:
    """Draw curves over epochs, with dots where they have few points, and a legend.

    Args:
        series: curves; those without a finite point are left out.
        title: for screen readers.
        values: axis of the curves' values.
        width, height: of the chart in units.

    Returns:
        None where no curve has a point.
    """
    curves = [(one, points) for one in series if (points := one.points)]
    if not curves:
        return None
    epochs = [x for _, points in curves for x, _ in points]
    frame = Frame(Axis.around(epochs, "epoch", integers=True), values, width, height)
    shapes: list[Shape] = []
    for one, points in curves:
        shapes.append(
            Line([frame.at(*point) for point in points], f"{one.style} dashed" if one.dashed else one.style, one.name)
        )
        if len(points) <= _MOST_DOTS:
            notes = [f"{one.name}, epoch {epoch:g}: {values.write(value)}" for epoch, value in points]
            shapes += [Dot(*frame.at(*point), 2, one.style, note) for point, note in zip(points, notes, strict=True)]
    return frame.chart(title, shapes, list(dict.fromkeys(one.entry for one, _ in curves)))


def histogram(values: Mapping[str, NDArray[Any]], title: str, x_title: str, bins: int = 20) -> Chart:
    """Draw the distribution of values in 0 … 1 as steps, one colour per name; all but the first are dashed."""
    edges = np.linspace(0, 1, bins + 1)
    shares = {name: np.histogram(v, edges)[0] / max(len(v), 1) for name, v in values.items()}
    top = max(float(share.max()) for share in shares.values()) * 1.05 or 1.0
    frame = Frame(Axis(0.0, 1.0, x_title, whole_percent), Axis(0.0, top, "share of drawings", whole_percent))
    shapes = []
    for colour, (name, share) in enumerate(shares.items()):
        steps = [(edge, height) for bin_, height in enumerate(share.tolist()) for edge in edges[bin_ : bin_ + 2]]
        points = [frame.at(float(x), y) for x, y in [(0.0, 0.0), *steps, (1.0, 0.0)]]
        shapes.append(Line(points, f"s{colour} area{' dashed' if colour else ''}", name))
    return frame.chart(
        title,
        shapes,
        [LegendEntry(name, f"s{colour}", "dashed" if colour else "line") for colour, name in enumerate(shares)],
    )


def reliability_chart(diagrams: Mapping[str, Reliability], title: str) -> Chart:
    """Draw accuracy against confidence with 95 % intervals; on the dashed diagonal the two are equal."""
    frame = Frame(Axis(0.0, 1.0, "confidence", whole_percent), Axis(0.0, 1.0, "share correct", whole_percent))
    shapes: list[Shape] = [Line([frame.at(0, 0), frame.at(1, 1)], "dim dashed")]
    for colour, (name, diagram) in enumerate(diagrams.items()):
        style, middle = f"s{colour}", []
        for confidence, accuracy, low, high, count in zip(
            *(values.tolist() for values in (diagram.confidence, diagram.accuracy, diagram.low, diagram.high)),
            diagram.count.tolist(),
            strict=True,
        ):
            note = f"{name}: confidence {confidence:.2f}, right {accuracy:.2f}, {counted(count, 'drawing')}"
            middle.append(frame.at(confidence, accuracy))
            shapes.append(Line([frame.at(confidence, low), frame.at(confidence, high)], f"{style} thin"))
            shapes.append(Dot(*middle[-1], 3, style, note))
        shapes.append(Line(middle, style, name))
    entries = [LegendEntry(name, f"s{colour}") for colour, name in enumerate(diagrams)]
    return frame.chart(title, shapes, [*entries, LegendEntry("confidence equals the share correct", "dim", "dashed")])


def percent_axis(shares: Sequence[float], title: str) -> Axis:
    """An axis that holds all shares, with room on both sides, within 0 … 100 %."""
    low, high = min(shares), max(shares)
    room = max(0.05 * (high - low), 0.02)
    return Axis(max(0.0, low - room), min(1.0, high + room), title, whole_percent)


def whole_percent(value: float) -> str:
    """Format a share for an axis: `85 %`."""
    return f"{100 * value:.3g} %"


def ticks(low: float, high: float, count: int = 5, integers: bool = False) -> list[float]:
    """Round numbers within a range, about `count` of them; `integers`: no fractions."""
    step = 10 ** math.floor(math.log10((high - low) / count))
    step *= next(factor for factor in (1, 2, 2.5, 5, 10) if (high - low) / (step * factor) <= count)
    if integers:
        step = float(math.ceil(step - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [place * step for place in range(first, math.floor(high / step + 1e-9) + 1)]
