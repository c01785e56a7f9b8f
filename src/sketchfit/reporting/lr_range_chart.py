"""The chart of `sketchfit lr-find`: loss by learning rate, with the suggested rate and that of the recipe."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sketchfit.reporting.kit.chart_shapes import Chart, Line, Point, Shape, Text
from sketchfit.reporting.kit.charts import Axis, Frame
from sketchfit.reporting.kit.legends import LegendEntry

WIDTH, HEIGHT = 700, 420
_ROOM = 150
"""Distance from the edges that a text needs."""


def lr_range_chart(
    rates: NDArray[np.float64],
    losses: NDArray[np.float64],
    smoothed: NDArray[np.float64],
    suggested: float,
    current: float,
) -> Chart:
    """Draw the range test on a logarithmic axis of rates.

    Args:
        rates: float64 [n], of the updates, ascending.
        losses, smoothed: float64 [n], training loss as measured, and smoothed.
        suggested, current: learning rates to mark.
    """
    low = float(np.nanmin(losses)) * 0.95
    high = max(float(smoothed[0]) * 1.3, float(np.nanmin(smoothed)) + 1e-9)
    x = Axis(
        min(float(rates[0]), current), max(float(rates[-1]), current), "learning rate of the last layers", _power, True
    )
    frame = Frame(x, Axis(low, high, "training loss"), WIDTH, HEIGHT)
    shapes: list[Shape] = [
        Line(_within(frame, rates, losses), "dim"),
        Line(_within(frame, rates, smoothed), "s0"),
        *_mark(frame, suggested, f"suggested: {suggested:.2g}", "s6", suggested >= current),
        *_mark(frame, current, f"recipe: {current:g}", "dim", suggested < current),
    ]
    entries = [LegendEntry("as measured", "dim"), LegendEntry("smoothed", "s0")]
    return frame.chart("training loss by learning rate", shapes, entries)


def _within(frame: Frame, rates: NDArray[np.float64], losses: NDArray[np.float64]) -> list[Point]:
    """The points of a curve, cut off at the upper edge."""
    known = np.isfinite(losses)
    pairs = zip(rates[known].tolist(), np.minimum(losses[known], frame.y.high).tolist(), strict=True)
    return [frame.at(rate, loss) for rate, loss in pairs]


def _mark(frame: Frame, rate: float, text: str, style: str, right: bool) -> list[Shape]:
    """A dashed line at a rate, with its text at the upper edge: on the `right`, or on the left."""
    (x, bottom), (_, top) = frame.at(rate, frame.y.low), frame.at(rate, frame.y.high)
    if not _ROOM < x < frame.width - _ROOM:
        right = x <= _ROOM
    y = top + (12 if style == "s6" else 27)
    label = Text(x + (6 if right else -6), y, text, "start" if right else "end", style=style)
    return [Line([(x, bottom), (x, top)], f"{style} dashed"), label]


def _power(value: float) -> str:
    return f"{value:.0e}".replace("e-0", "e-").replace("e+00", "")
