"""`cv2.resize` as nodes of an ONNX graph, for images of any size.

The arithmetic is OpenCV's, so that the bytes are the same: INTER_LINEAR has weights of 11 bits, and INTER_AREA adds
weighted pixels one after the other in float32. Processors whose OpenCV fuses multiplication and addition may round a
byte in thousands otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
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
class ResizedAxis:
    """An axis that is resized.

    Attributes:
        axis: `ROWS` or `COLUMNS`.
        before, after: its lengths, int64 [1].
    """

    axis: int
    before: Value
    after: Value

    def inside(self, value: Value) -> ResizedAxis:
        """Return the axis for the builder of a value, which is within that of this axis."""
        return ResizedAxis(self.axis, value.builder.outside(self.before), value.builder.outside(self.after))

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


def resized(image: Value, rows: ResizedAxis, columns: ResizedAxis) -> Value:
    """Return images as `data.resize` makes them: averaged where they shrink, else interpolated.

    Args:
        image: uint8 [N, H, W, C].
        rows, columns: the two axes.

    Returns:
        uint8 [N, H', W', C].
    """
    shrinks = (rows.after * columns.after).below(rows.before * columns.before)
    grows = rows.scale.at_most(columns.scale).below(1.0)

    def larger(images: Value) -> Value:
        here = images.builder
        return interpolated(images, rows.inside(images), columns.inside(images), here.outside(shrinks))

    def smaller(images: Value) -> Value:
        return averaged(images, rows.inside(images), columns.inside(images))

    return image.builder.choice(shrinks & ~grows, smaller, larger, image, [None] * 4)


def averaged(image: Value, rows: ResizedAxis, columns: ResizedAxis) -> Value:
    """Return what INTER_AREA gives for uint8 [N, H, W, C] where no axis grows."""
    blocks = _is_integer(rows.scale) & _is_integer(columns.scale)
    sums = _sums(_sums(image, columns, blocks), rows, blocks)
    area = rows.scale * columns.scale
    mean = sums * blocks.where(1.0 / area, area * 0.0 + 1.0).to(np.float32)
    halves = rows.scale.equals(2.0) & columns.scale.equals(2.0)  # OpenCV rounds these up, others to the even byte
    return halves.where((mean + 0.5).floor(), mean.round()).to(np.uint8)


def interpolated(image: Value, rows: ResizedAxis, columns: ResizedAxis, shrinks: Value | None = None) -> Value:
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


def _across(image: Value, columns: ResizedAxis, shrinks: Value | None) -> Value:
    """Return interpolated columns times `_ONE`, int32."""
    low, high, first, second = _neighbours(columns, shrinks)
    parts = [
        image.take(place, COLUMNS).to(np.int32) * weight.shaped(-1, 1)
        for place, weight in ((low, first), (high, second))
    ]
    return parts[0] + parts[1]


def _neighbours(axis: ResizedAxis, shrinks: Value | None) -> tuple[Value, Value, Value, Value]:
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


def _is_integer(scale: Value) -> Value:
    """Return where a scale counts as an integer: each pixel after is the mean of a block of pixels."""
    return scale.builder.op("Abs", scale - scale.round()).below(float(np.finfo(np.float64).eps))


def _sums(values: Value, axis: ResizedAxis, blocks: Value) -> Value:
    """Return sums along an axis, float32: of blocks of pixels, or else weighted so that they are means.

    Args:
        values: uint8 or float32 [N, H, W, C].
        axis: the one that becomes shorter.
        blocks: bool [1].
    """
    length = axis.before.to(np.float64)
    start = axis.places * axis.scale
    end = start + axis.scale
    last = end.floor().at_most(length - 1.0)
    first = start.ceil().at_most(last)
    cell = (length - start).at_most(axis.scale)
    left, right = first - start, end - last
    part = cell * 0.0
    amounts = (
        left.above(_SLIVER).where(left, part),
        part + 1.0,
        right.above(_SLIVER).where(right.at_most(1.0).at_most(cell), part),
    )
    weights = [amount / blocks.where(part + 1.0, cell) for amount in amounts]
    table = (first, last, *weights)

    def term(number: Value) -> Value:
        here = number.builder
        return _term(here.outside(values), axis.inside(number), [here.outside(one) for one in table], number)

    more = (axis.scale + 1e-6).floor().to(np.int64) + 1
    zero = values.builder.constant(0, np.int64)
    return values.builder.repeated(more, term(zero), lambda number, last_sum: last_sum + term(number + 1))


def _term(values: Value, axis: ResizedAxis, table: Sequence[Value], number: Value) -> Value:
    """Return the weighted pixels that are added in a step: those at `first` - 1 + `number` of each pixel after.

    Args:
        values: of which the pixels are taken.
        axis: along which.
        table: first and last full pixel of each pixel after, and weights of the part before, of full pixels and of the
            part at the end; float64.
        number: of the step, int64 scalar.
    """
    first, last, left, full, right = table
    place = first - 1.0 + number.to(np.float64)
    after = place.equals(last).where(right, right * 0.0)
    inner = place.below(last).where(full, after)
    weight = place.below(first).where(left, inner)
    index = place.to(np.int64).at_least(0).at_most(axis.before - 1)
    factor = weight.to(np.float32).shaped(-1, *(1,) * (3 - axis.axis))
    if axis.axis == COLUMNS:  # a factor for each channel: broadcasting along the last axis is slow
        factor = values.builder.op("Expand", factor, values.length(3))
    return values.take(index, axis.axis).to(np.float32) * factor
