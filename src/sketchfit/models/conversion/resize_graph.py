"""`cv2.resize` as nodes of an ONNX graph, for images of any size.

INTER_LINEAR repeats OpenCV's arithmetic for bytes, weights of 11 bits, and gives the same bytes. INTER_AREA averages
exactly, where OpenCV rounds partial sums: a byte in a thousand differs, by 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sketchfit.models.conversion.graph_builder import Value

ROWS, COLUMNS = 1, 2
"""Axes of images [N, H, W, C]."""

_SLIVER = 1e-3
"""Share of a pixel that INTER_AREA leaves out."""

_ONE = 2048
"""1 as a weight of INTER_LINEAR."""


@dataclass(frozen=True)
class Axis:
    """An axis that is resized.

    Attributes:
        axis: `ROWS` or `COLUMNS`.
        before, after: its lengths, int64 [1].
    """

    axis: int
    before: Value
    after: Value

    @property
    def ratio(self) -> Value:
        """Length after over length before, float64 [1]."""
        return self.after.to(np.float64) / self.before.to(np.float64)

    @property
    def scale(self) -> Value:
        """Pixels before per pixel after, float64 [1], rounded as by OpenCV."""
        # Not 1 / ratio: ONNX Runtime turns x · (1 / ratio) into x / ratio, which rounds otherwise.
        return 2.0 / self.ratio * 0.5

    @property
    def places(self) -> Value:
        """Pixels after, 0.0 … after - 1, float64 [after]."""
        make = self.before.builder
        end = make.op("Squeeze", self.after, make.constant([0], np.int64))
        return make.op("Range", make.constant(0, np.int64), end, make.constant(1, np.int64)).to(np.float64)


def resized(image: Value, rows: Axis, columns: Axis) -> Value:
    """Return images as `data.resize` makes them: averaged where they shrink, else interpolated.

    Args:
        image: uint8 [N, H, W, C].
        rows, columns: the two axes.

    Returns:
        uint8 [N, H', W', C].
    """
    shrinks = (rows.after * columns.after).below(rows.before * columns.before)
    grows = rows.scale.at_most(columns.scale).below(1.0)
    return (shrinks & ~grows).where(averaged(image, rows, columns), interpolated(image, rows, columns, shrinks))


def averaged(image: Value, rows: Axis, columns: Axis) -> Value:
    """Return what INTER_AREA gives for uint8 [N, H, W, C] where no axis grows."""
    total = _sums(_sums(image.to(np.int32), rows), columns)
    mean = total / (rows.scale * columns.scale)
    halves = rows.scale.equals(2.0) & columns.scale.equals(2.0)  # OpenCV rounds these up, others to the even byte
    return halves.where((mean + 0.5).floor(), mean.round()).to(np.uint8)


def interpolated(image: Value, rows: Axis, columns: Axis, shrinks: Value | None = None) -> Value:
    """Return what INTER_LINEAR gives for uint8 [N, H, W, C].

    Args:
        image: of any size.
        rows, columns: the two axes.
        shrinks: bool [1], whether it is INTER_AREA where one axis grows: the same with other weights.
    """
    low, high, first, second = _neighbours(rows, shrinks)
    upper, lower = (_across(image.take(place, ROWS), columns, shrinks) / 16 for place in (low, high))
    weights = (one.shaped(-1, 1, 1) for one in (first, second))
    parts = [values * weight / 65536 for values, weight in zip((upper, lower), weights, strict=True)]
    return ((parts[0] + parts[1] + 2) / 4).to(np.uint8)


def _across(image: Value, columns: Axis, shrinks: Value | None) -> Value:
    """Return interpolated columns times `_ONE`, int32."""
    low, high, first, second = _neighbours(columns, shrinks)
    parts = [
        image.take(place, COLUMNS).to(np.int32) * weight.shaped(-1, 1)
        for place, weight in ((low, first), (high, second))
    ]
    return parts[0] + parts[1]


def _neighbours(axis: Axis, shrinks: Value | None) -> tuple[Value, Value, Value, Value]:
    """Return the two pixels before per pixel after, int64, and their weights, int32."""
    places = axis.places
    at = ((places + 0.5) * axis.scale - 0.5).to(np.float32)
    start = at.floor()
    part = at - start
    if shrinks is not None:
        left = (places * axis.scale).floor()
        over = (places + 1.0 - (left + 1.0) * axis.ratio).to(np.float32)
        start = shrinks.where(left.to(np.float32), start)
        part = shrinks.where(over.at_least(0.0) - over.at_least(0.0).floor(), part)
    last = axis.before - 1
    first = start.to(np.int64)
    low, high = (index.at_least(0).at_most(last) for index in (first, first + 1))
    return low, high, ((1.0 - part) * float(_ONE)).round().to(np.int32), (part * float(_ONE)).round().to(np.int32)


def _sums(values: Value, axis: Axis) -> Value:
    """Return the sums of an axis over each pixel after, float64; partial pixels count in part.

    They are differences of cumulative sums, which are exact for bytes.
    """
    start = axis.places * axis.scale
    end = (start + axis.scale).at_most(axis.before.to(np.float64))
    start = (start.ceil() - start).above(_SLIVER).where(start, start.ceil())
    end = (end - end.floor()).above(_SLIVER).where(end, end.floor())
    last = axis.before - 1
    (first, first_part), (final, final_part) = (_split(place, last) for place in (start, end))
    make = values.builder
    before = make.op("CumSum", values, make.constant(axis.axis, np.int64), exclusive=1)
    full = (before.take(final, axis.axis) - before.take(first, axis.axis)).to(np.float64)
    shape = (-1,) + (1,) * (3 - axis.axis)
    more, less = (
        values.take(place, axis.axis).to(np.float64) * part.shaped(*shape)
        for place, part in ((final, final_part), (first, first_part))
    )
    return full + more - less


def _split(place: Value, last: Value) -> tuple[Value, Value]:
    """Return the pixel that a place is in, int64, and the part of it before the place, float64 0 … 1."""
    pixel = place.floor().to(np.int64).at_most(last)
    return pixel, place - pixel.to(np.float64)
