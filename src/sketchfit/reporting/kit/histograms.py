"""Small diagrams as inline SVG: they take the page's colours, and no script or network."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

_WIDTH, _HEIGHT, _BOTTOM, _TOP = 320, 110, 18, 4
_BINS = 32
_SKEWED = 20.0


def distributions(train: NDArray[np.float64], test: NDArray[np.float64], words: str) -> Markup:
    """Histogram of a trait: training images as bars, test images as a line, each as shares of its own number.

    Values beyond the middle 99 % are counted in the outermost bars; a trait that spans more than a factor of twenty,
    and mostly lies at its low end, has a logarithmic axis; a few whole numbers get a bar each.

    Args:
        train, test: finite values, any number of them.
        words: what the diagram shows, for those who can't see it.
    """
    values = np.concatenate([train, test])
    if not len(values):
        return Markup("")
    low, high = (float(point) for point in np.quantile(values, [0.005, 0.995]))
    logarithmic = low > 0 and high / low > _SKEWED and float(np.median(values)) < (low + high) / 4
    single = bool((values == np.rint(values)).all()) and high - low < _BINS
    edges = _edges(low, high, logarithmic, single)
    shares = [_shares(part, edges) for part in (train, test)]
    top = max(float(share.max(initial=0)) for share in shares) or 1.0
    x = np.linspace(0, _WIDTH, len(edges))
    bars = "".join(
        f'<rect x="{left + 0.5:.1f}" y="{_y(share / top):.1f}" width="{max(right - left - 1, 0.5):.1f}" '
        f'height="{_y(0) - _y(share / top):.1f}"/>'
        for left, right, share in zip(x[:-1], x[1:], shares[0], strict=True)
        if share
    )
    line = ""
    if len(test):
        steps = " ".join(
            f"{left:.1f},{_y(share / top):.1f} {right:.1f},{_y(share / top):.1f}"
            for left, right, share in zip(x[:-1], x[1:], shares[1], strict=True)
        )
        line = f'<polyline class="test" points="{steps}"/>'
    middle = float(np.exp((np.log(edges[0]) + np.log(edges[-1])) / 2)) if logarithmic else (edges[0] + edges[-1]) / 2
    ends = [(0, "start", edges[0]), (_WIDTH / 2, "middle", middle), (_WIDTH, "end", edges[-1])]
    if single:
        half = _WIDTH / (len(edges) - 1) / 2
        ends = [(half, "middle", edges[0] + 0.5), (_WIDTH - half, "middle", edges[-1] - 0.5)][: len(edges) - 1]
    labels = _labels(ends, short)
    return _svg(f'<g class="train">{bars}</g>{line}{labels}', words)


def counts(sizes: NDArray[np.int64], words: str) -> Markup:
    """Histogram of small whole numbers (images a class), a bar a number or a range of them."""
    if not len(sizes):
        return Markup("")
    low, high = int(sizes.min()), int(sizes.max())
    step = max(1, -(-(high - low + 1) // _BINS))
    number = np.bincount((sizes - low) // step)
    wide = _WIDTH / max(len(number), 6)
    bars = "".join(
        f'<rect x="{index * wide + 0.5:.1f}" y="{_y(count / number.max()):.1f}" width="{wide - 1:.1f}" '
        f'height="{_y(0) - _y(count / number.max()):.1f}"><title>{_range(low + index * step, step)}: {count}</title>'
        "</rect>"
        for index, count in enumerate(number.tolist())
        if count
    )
    ends = [(wide / 2, "middle" if wide > 24 else "start", low)]
    if len(number) > 1:
        ends.append(((len(number) - 0.5) * wide, "middle" if wide > 24 else "end", low + (len(number) - 1) * step))
    return _svg(f'<g class="train">{bars}</g>{_labels(ends, lambda value: _range(int(value), step))}', words)


def short(value: float) -> str:
    """A number in at most four digits or so: `0.031`, `12.5`, `1,200`, `3.4 M`."""
    size = abs(value)
    if size >= 1e6:
        return f"{value / 1e6:.3g} M"
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{float(f'{value:.3g}'):g}"


def _edges(low: float, high: float, logarithmic: bool, single: bool) -> NDArray[np.float64]:
    if logarithmic:
        return np.geomspace(low, high, _BINS + 1)
    if single:
        return np.arange(np.floor(low) - 0.5, np.ceil(high) + 1, 1.0)
    return np.linspace(low, high if high > low else low + 1, _BINS + 1)


def _shares(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0] / max(len(values), 1)


def _y(share: float) -> float:
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - _TOP)


def _range(start: int, step: int) -> str:
    return str(start) if step == 1 else f"{start}–{start + step - 1}"


def _labels(ends: list[tuple[float, str, Any]], write: Callable[[Any], str]) -> str:
    return "".join(
        f'<text x="{x:.1f}" y="{_HEIGHT - 4}" text-anchor="{anchor}">{escape(write(value))}</text>'
        for x, anchor, value in ends
    )


def _svg(content: str, words: str) -> Markup:
    axis = f'<line x1="0" x2="{_WIDTH}" y1="{_y(0)}" y2="{_y(0)}"/>'
    # All that goes in is made here of numbers, or escaped.
    return Markup(
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(words)}">{content}{axis}</svg>'
    )
