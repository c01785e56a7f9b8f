"""Small charts: distributions of traits, class sizes, intervals in a table's cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from sketchfit.inference.intervals import Estimate
from sketchfit.reporting.kit.chart_shapes import Anchor, Box, Chart, Line, Point, Shape, Text
from sketchfit.reporting.kit.formats import compact
from sketchfit.reporting.kit.legends import LegendEntry

_WIDTH, _HEIGHT = 320, 140
_LEFT, _BOTTOM, _TOP = 46, 36, 8
"""Margins of the chart."""

_BINS = 32
_SKEWED = 20.0
"""A trait whose middle 99 % span more than this factor may have a logarithmic axis."""


def trait_histogram(train: NDArray[np.float64], test: NDArray[np.float64], title: str, unit: str = "") -> Chart | None:
    """Draw a trait's distribution: training images as bars, test images as a line, each as shares of its own number.

    Values beyond the middle 99 % are counted in the outermost bars. A trait that spans more than a factor of twenty
    and is mostly small has a logarithmic axis. A few whole numbers have one bar each.

    Args:
        train, test: finite values, any number of them.
        title: for screen readers, and of the axis of values.
        unit: of the values.

    Returns:
        None without values.
    """
    values = np.concatenate([train, test])
    if not len(values):
        return None
    edges, label_values = _bins(values)
    shares = [_shares(part, edges) for part in (train, test)]
    top = max(float(share.max(initial=0)) for share in shares) or 1.0
    x = np.linspace(_LEFT, _WIDTH, len(edges)).tolist()
    shapes = _bars(x, (shares[0] / top).tolist())
    entries = [LegendEntry("training images", "s0", "pale")] if len(train) else []
    if len(test):
        entries.append(LegendEntry("test images", "s1"))
        heights = (shares[1] / top).tolist()
        steps = [(edge, _y(height)) for place, height in enumerate(heights) for edge in x[place : place + 2]]
        shapes.append(Line(steps, "s1"))
    axes = _axes(f"{title}, {unit}" if unit else title, "share of images", f"{100 * top:.{0 if top > 0.1 else 1}f} %")
    return Chart(title, _WIDTH, _HEIGHT, [*shapes, *axes, *_labels(label_values, compact)], entries)


def count_histogram(sizes: NDArray[np.int64], title: str) -> Chart | None:
    """Draw how often each whole number occurs (images per class), with a bar per number or per range of numbers.

    Returns:
        None without numbers.
    """
    if not len(sizes):
        return None
    low, high = int(sizes.min()), int(sizes.max())
    step = max(1, -(-(high - low + 1) // _BINS))
    counts = np.bincount((sizes - low) // step).tolist()
    width = (_WIDTH - _LEFT) / max(len(counts), 6)
    notes = [f"{_range(low + place * step, step)}: {count}" for place, count in enumerate(counts)]
    edges = [_LEFT + place * width for place in range(len(counts) + 1)]
    shapes = _bars(edges, [count / max(counts) for count in counts], notes)
    every = -(-len(counts) * (2 if step > 1 else 1) // 8)
    labels: list[tuple[float, Anchor, float]] = [
        (edges[place] + width / 2, "middle", low + place * step) for place in range(0, len(counts), every)
    ]
    texts = _labels(labels, lambda value: _range(int(value), step))
    return Chart(title, _WIDTH, _HEIGHT, [*shapes, *_axes("images per class", "classes", str(max(counts))), *texts])


def share_bar(share: Estimate) -> Markup:
    """Draw a share with its interval, on a scale of 0 … 1, for a table's cell."""
    return Markup(
        f'<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="span" x="{100 * share.low:.1f}" width="{100 * max(share.high - share.low, 0.005):.1f}" y="2" '
        f'height="6"/><rect class="mark" x="{100 * share.value - 0.8:.1f}" width="1.6" y="0" height="10"/></svg>'
    )


def _bins(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], list[tuple[float, Anchor, float]]]:
    """Edges of the bins, and the labels below them as (x, anchor, value)."""
    low, high = (float(point) for point in np.quantile(values, [0.005, 0.995]))
    if low > 0 and high / low > _SKEWED and float(np.median(values)) < (low + high) / 4:
        edges = np.geomspace(low, high, _BINS + 1)
        return edges, _end_labels(edges, float(np.exp((np.log(edges[0]) + np.log(edges[-1])) / 2)))
    if (values == np.rint(values)).all() and high - low < _BINS:
        edges = np.arange(np.floor(low) - 0.5, np.ceil(high) + 1, 1.0)
        half = (_WIDTH - _LEFT) / (len(edges) - 1) / 2
        labels: list[tuple[float, Anchor, float]] = [
            (_LEFT + half, "middle", float(edges[0]) + 0.5),
            (_WIDTH - half, "middle", float(edges[-1]) - 0.5),
        ]
        return edges, labels[: len(edges) - 1]
    edges = np.linspace(low, high if high > low else low + 1, _BINS + 1)
    return edges, _end_labels(edges, float(edges[0] + edges[-1]) / 2)


def _end_labels(edges: NDArray[np.float64], middle: float) -> list[tuple[float, Anchor, float]]:
    center = (_LEFT + _WIDTH) / 2
    return [(_LEFT, "start", float(edges[0])), (center, "middle", middle), (_WIDTH, "end", float(edges[-1]))]


def _shares(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0] / max(len(values), 1)


def _bars(edges: Sequence[float], heights: Sequence[float], notes: Sequence[str] = ()) -> list[Shape]:
    """A bar per height above 0, between neighbouring edges."""
    shapes: list[Shape] = []
    for place, height in enumerate(heights):
        if height:
            left, width = edges[place] + 0.5, max(edges[place + 1] - edges[place] - 1, 0.5)
            note = notes[place] if notes else ""
            shapes.append(Box(left, _y(height), width, _y(0) - _y(height), "s0 soft", note))
    return shapes


def _axes(x_title: str, y_title: str, top: str) -> list[Shape]:
    """Lines at 0 and at the highest value, which is `top`, and the titles of both axes."""
    lines: list[Shape] = []
    for share, style, text in ((0.0, "dim", "0"), (1.0, "grid", top)):
        ends: list[Point] = [(_LEFT, _y(share)), (_WIDTH, _y(share))]
        lines += [Line(ends, style), Text(_LEFT - 4, _y(share) + 4, text, "end")]
    middle = Text((_LEFT + _WIDTH) / 2, _HEIGHT - 5, x_title)
    return [*lines, middle, Text(10, (_y(0) + _y(1)) / 2, y_title, upright=False)]


def _y(share: float) -> float:
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - _TOP)


def _range(start: int, step: int) -> str:
    return str(start) if step == 1 else f"{start}–{start + step - 1}"


def _labels(values: Sequence[tuple[float, Anchor, float]], write: Callable[[float], str]) -> list[Text]:
    return [Text(x, _y(0) + 14, write(value), anchor) for x, anchor, value in values]
