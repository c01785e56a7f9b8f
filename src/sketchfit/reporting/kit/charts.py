"""Small charts as SVG text: coloured by the page's style sheet (classes `s0` … `s7`), so that they follow its theme."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.inference.calibration import Reliability

WIDTH, HEIGHT = 460, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 22, 12, 40
Series = Mapping[str, tuple[Sequence[float], Sequence[float]]]
Label = Callable[[float], str]


def percent(value: float) -> str:
    """`85 %`."""
    return f"{100 * value:.3g} %"


def plain(value: float) -> str:
    """Three significant digits."""
    return f"{value:.3g}"


def line_chart(
    series: Series, title: str, x_title: str, y_title: str, y_label: Label = plain, *, groups: Sequence[int] = ()
) -> str:
    """Lines with points, one colour each, or one a group.

    Args:
        series: a name to its x and y; NaN are left out.
        title: what a screen reader says.
        x_title, y_title: names of the axes.
        y_label: writes a tick of the y axis.
        groups: colour number of each series; by default its place.
    """
    points = {
        name: [(x, y) for x, y in zip(xs, ys, strict=True) if math.isfinite(x) and math.isfinite(y)]
        for name, (xs, ys) in series.items()
    }
    points = {name: line for name, line in points.items() if line}
    if not points:
        return ""
    every = [point for line in points.values() for point in line]
    x_range = _range([x for x, _ in every])
    y_range = _range([y for _, y in every])
    numbers = list(groups) or list(range(len(series)))
    colour = dict(zip(series, numbers, strict=True))
    body = [_axes(x_range, y_range, x_title, y_title, plain, y_label)]
    for name, line in points.items():
        placed = [(_x(x, x_range), _y(y, y_range)) for x, y in line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2"/>' for x, y in placed) if len(placed) <= 40 else ""
        body.append(
            f'<g class="s{colour[name] % 8}"><title>{escape(name)}</title><polyline points="{path}"/>{dots}</g>'
        )
    return _svg("".join(body), title)


def histogram(values: Mapping[str, NDArray[Any]], title: str, x_title: str, bins: int = 20) -> str:
    """Shares of values in 0 … 1 by bin, as steps, one colour a name."""
    edges = np.linspace(0, 1, bins + 1)
    shares = {name: np.histogram(v, edges)[0] / max(len(v), 1) for name, v in values.items()}
    y_range = (0.0, max(float(share.max()) for share in shares.values()) * 1.05 or 1.0)
    body = [_axes((0.0, 1.0), y_range, x_title, "share of drawings", percent, percent)]
    for number, (name, share) in enumerate(shares.items()):
        steps = [f"{_x(0, (0, 1)):.1f},{_y(0, y_range):.1f}"]
        for bin_number, height in enumerate(share):
            y = _y(float(height), y_range)
            steps += [
                f"{_x(edges[bin_number], (0, 1)):.1f},{y:.1f}",
                f"{_x(edges[bin_number + 1], (0, 1)):.1f},{y:.1f}",
            ]
        steps.append(f"{_x(1, (0, 1)):.1f},{_y(0, y_range):.1f}")
        body.append(
            f'<g class="s{number} filled"><title>{escape(name)}</title><polyline points="{" ".join(steps)}"/></g>'
        )
    return _svg("".join(body), title)


def reliability_chart(diagrams: Mapping[str, Reliability], title: str) -> str:
    """Accuracy against confidence with 95 % intervals; on the diagonal, confidence can be taken at its word."""
    span = (0.0, 1.0)
    body = [_axes(span, span, "confidence", "share right", percent, percent)]
    body.append(
        f'<line class="diagonal" x1="{_x(0, span):.1f}" y1="{_y(0, span):.1f}" x2="{_x(1, span):.1f}" '
        f'y2="{_y(1, span):.1f}"/>'
    )
    for number, (name, diagram) in enumerate(diagrams.items()):
        columns = zip(diagram.confidence, diagram.accuracy, diagram.low, diagram.high, diagram.count, strict=True)
        marks, line = [], []
        for confidence, accuracy, low, high, count in columns:
            x, y = _x(float(confidence), span), _y(float(accuracy), span)
            line.append(f"{x:.1f},{y:.1f}")
            marks.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_y(float(low), span):.1f}" y2="{_y(float(high), span):.1f}"/>'
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"><title>{escape(name)}: confidence {confidence:.2f}, '
                f"right {accuracy:.2f}, {count} drawings</title></circle>"
            )
        body.append(f'<g class="s{number}"><polyline points="{" ".join(line)}"/>{"".join(marks)}</g>')
    return _svg("".join(body), title)


def interval_bar(low: float, value: float, high: float) -> str:
    """A proportion with its interval, 0 … 1, as a bar for a table's cell."""
    return (
        f'<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="span" x="{100 * low:.1f}" width="{100 * max(high - low, 0.005):.1f}" y="2" height="6"/>'
        f'<rect class="mark" x="{100 * value - 0.8:.1f}" width="1.6" y="0" height="10"/></svg>'
    )


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers within a range, about `count` of them."""
    step = 10 ** math.floor(math.log10((high - low) / count))
    step *= next(factor for factor in (1, 2, 2.5, 5, 10) if (high - low) / (step * factor) <= count)
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        return low - max(abs(low), 1e-6) / 2, high + max(abs(high), 1e-6) / 2
    return low, high + 0.03 * (high - low)


def _x(value: float, span: tuple[float, float]) -> float:
    return _LEFT + (value - span[0]) / (span[1] - span[0]) * (WIDTH - _LEFT - _RIGHT)


def _y(value: float, span: tuple[float, float]) -> float:
    return HEIGHT - _BOTTOM - (value - span[0]) / (span[1] - span[0]) * (HEIGHT - _TOP - _BOTTOM)


def _axes(
    x_range: tuple[float, float],
    y_range: tuple[float, float],
    x_title: str,
    y_title: str,
    x_label: Label,
    y_label: Label,
) -> str:
    bottom, middle = HEIGHT - _BOTTOM, (HEIGHT - _TOP - _BOTTOM) / 2 + _TOP
    parts = ['<g class="axes">']
    for value in ticks(*y_range):
        y = _y(value, y_range)
        parts.append(f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{escape(y_label(value))}</text>')
    for value in ticks(*x_range):
        x = _x(value, x_range)
        parts.append(f'<text x="{x:.1f}" y="{bottom + 15}" text-anchor="middle">{escape(x_label(value))}</text>')
    parts.append(
        f'<text x="{(WIDTH + _LEFT) / 2:.0f}" y="{HEIGHT - 6}" text-anchor="middle">{escape(x_title)}</text>'
        f'<text transform="translate(11 {middle:.0f}) rotate(-90)" text-anchor="middle">{escape(y_title)}</text></g>'
    )
    return "".join(parts)


def _svg(body: str, title: str) -> str:
    return f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{body}</svg>'
