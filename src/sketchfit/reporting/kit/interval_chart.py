"""A chart of figures with their intervals, one below the other on one axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sketchfit.reporting.kit.chart_shapes import Chart, Dot, Line, Shape, Text
from sketchfit.reporting.kit.chart_text import shortened, text_width
from sketchfit.reporting.kit.charts import Axis
from sketchfit.reporting.kit.formats import minus
from sketchfit.reporting.kit.legends import LegendEntry

_WIDTH, _SIDE, _ROW, _TOP, _BOTTOM = 440, 14, 40, 8, 40


@dataclass(frozen=True)
class ChartedInterval:
    """A figure with its interval.

    Attributes:
        name: of what has the figure; cut where it is too long.
        low, value, high: in the unit of the axis.
        text: the figure and its interval as text.
        style: class names of the style sheet, such as `s0`.
    """

    name: str
    low: float
    value: float
    high: float
    text: str
    style: str = "s0"


def interval_chart(
    rows: Sequence[ChartedInterval],
    title: str,
    x_title: str,
    write: Callable[[float], str],
    zero: bool = False,
    legend: Sequence[LegendEntry] = (),
) -> Chart | None:
    """Draw intervals, each with its name and figures above it.

    Args:
        rows: from top to bottom.
        title: for screen readers.
        x_title: of the axis.
        write: formats a tick.
        zero: include 0, as a dashed line.
        legend: what the styles mean; entries whose style no row has are left out.

    Returns:
        None without rows.
    """
    if not rows:
        return None
    ends = [end for row in rows for end in (row.low, row.high)] + ([0.0] if zero else [])
    axis = _with_margin(min(ends), max(ends), x_title, write)
    bottom = _TOP + _ROW * len(rows) + 4
    shapes = [shape for value in axis.ticks() for shape in _tick(axis, value, bottom)]
    if zero:
        shapes.append(Line([(_x(axis, 0.0), _TOP), (_x(axis, 0.0), bottom)], "dim dashed"))
    for place, row in enumerate(rows):
        shapes += _interval(axis, row, _TOP + _ROW * place)
    shapes.append(Text(_WIDTH / 2, bottom + 33, x_title))
    used = {row.style for row in rows}
    return Chart(title, _WIDTH, bottom + _BOTTOM, shapes, [one for one in legend if one.style in used])


def in_points(difference: float) -> str:
    """Format a difference of shares for an axis: `+2.5`, `−1`."""
    return minus(f"{100 * difference:+.3g}") if difference else "0"


def _with_margin(low: float, high: float, title: str, write: Callable[[float], str]) -> Axis:
    margin = 0.05 * (high - low) or max(abs(high), 0.01) / 10
    return Axis(low - margin, high + margin, title, write)


def _x(axis: Axis, value: float) -> float:
    return _SIDE + axis.place(value) * (_WIDTH - 2 * _SIDE)


def _tick(axis: Axis, value: float, bottom: float) -> list[Shape]:
    x = _x(axis, value)
    return [Line([(x, _TOP), (x, bottom)], "grid"), Text(x, bottom + 16, axis.write(value))]


def _interval(axis: Axis, row: ChartedInterval, top: float) -> list[Shape]:
    """The name and the figures, and below them the interval."""
    y, note = top + 27, f"{row.name}: {row.text}"
    low, value, high = (_x(axis, end) for end in (row.low, row.value, row.high))
    name = shortened(row.name, _WIDTH - 2 * _SIDE - text_width(row.text) - 12)
    return [
        Text(_SIDE, top + 14, name, "start", style="name over"),
        Text(_WIDTH - _SIDE, top + 14, row.text, "end", style="over"),
        Line([(low, y), (high, y)], row.style, note),
        *(Line([(end, y - 4), (end, y + 4)], row.style) for end in (low, high)),
        Dot(value, y, 4.5, row.style, note),
    ]
