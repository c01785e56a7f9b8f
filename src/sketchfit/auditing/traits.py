"""Measure traits of a drawing that do not depend on its content: size, line, paper, file.

All traits but width, height and those of the file are measured on the drawing reduced to `WORKING_SIDE` pixels on its
longer side (smaller ones are not changed), so that the time does not depend on the scan. Lengths are in pixels of the
entire image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from math import nan

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sketchfit.auditing.separate_parts import separate_parts
from sketchfit.auditing.shrink import shrink
from sketchfit.data.paper import FRAME, InkMask, paper_colour

WORKING_SIDE = 512
"""Longer side, in pixels, to which larger drawings are reduced before they are measured."""

NEARLY_BLANK = 0.001
"""A drawing with a smaller share of ink counts as blank: one short stroke."""

_FINE_SIDE = 640


@dataclass(frozen=True)
class Traits:
    """Measurements of one drawing; NaN where there is nothing to measure (no ink, no JPEG)."""

    width: float
    """Pixels, upright."""
    height: float
    """Pixels, upright."""
    aspect: float
    """Width over height."""
    colour: bool
    """Whether any pixel has more colour than JPEG compression adds to grey."""
    chroma: float
    """Largest minus smallest of R, G and B, 0 … 255: the 99th percentile over the pixels; 0 for grey drawings."""
    inverted: bool
    """Whether the ink is lighter than the paper."""
    paper: float
    """Brightness of the paper, 0 … 255: of the median colour along the frame."""
    contrast: float
    """Mean difference between ink and paper, 0 … 255, in the channel where it is largest."""
    ink: float
    """Share of the pixels that are ink, 0 … 1."""
    line_width: float
    """Pixels: twice the distance from the middle of the lines to the paper; mean of the middle half of the values."""
    relative_width: float
    """Line width over the longer side of the image, as it is when all images have one size."""
    drawings: float
    """Number of separate drawings: parts more than a twentieth of the longer side apart, without overlapping boxes."""
    box_left: float
    """Bounding box of the ink: left edge over the width, 0 … 1."""
    box_top: float
    """Top edge over the height."""
    box_right: float
    """Right edge over the width."""
    box_bottom: float
    """Bottom edge over the height."""
    box_share: float
    """Share of the image that the ink's bounding box covers."""
    blank: bool
    """Whether the image is blank or nearly so: less than a thousandth of it is ink."""
    sharpness: float
    """Variance of the Laplacian over the variance of the brightness: low means blurred or enlarged."""
    jpeg_quality: float
    """1 … 100 on libjpeg's scale, from the file's quantisation table."""
    file_bytes: float
    """Size of the file."""

    def enlarged(self, factor: int) -> Traits:
        """Return the measurements of an image whose sides were divided by a factor before they were taken."""
        if factor == 1:
            return self
        width, height, line_width = (factor * value for value in (self.width, self.height, self.line_width))
        return replace(self, width=width, height=height, line_width=line_width)


TRAIT_NAMES = tuple(field.name for field in fields(Traits))
FLAGS = ("colour", "inverted", "blank")
"""Traits that are true or false."""


def measure(image: NDArray[np.uint8], file_bytes: int, quality: float = nan, ink: InkMask | None = None) -> Traits:
    """Measure one drawing.

    Args:
        image: uint8 [H, W] grey or [H, W, 3] RGB, as decoded.
        file_bytes: size of its file.
        quality: from `jpeg_quality`.
        ink: of the image reduced to `WORKING_SIDE`, where it is known.
    """
    height, width = image.shape[:2]
    small = shrink(image, WORKING_SIDE)
    grey = small if small.ndim == 2 else np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
    ink = ink or InkMask.of(small)
    apart, mask = ink.apart, ink.mask
    share = cv2.countNonZero(mask) / mask.size
    paper = _brightness(paper_colour(small if small.ndim == 3 else small[:, :, None], FRAME))
    left, top, right, bottom = _box(mask) if share else (nan, nan, nan, nan)
    line = _line_width(apart, mask) / (max(small.shape[:2]) / max(height, width)) if share else nan
    return Traits(
        width=float(width),
        height=float(height),
        aspect=width / height,
        colour=image.ndim == 3,
        chroma=_chroma(small),
        inverted=bool(share) and cv2.mean(grey, mask)[0] > paper,
        paper=paper,
        contrast=cv2.mean(apart, mask)[0] if share else nan,
        ink=share,
        line_width=line,
        relative_width=line / max(height, width),
        drawings=float(separate_parts(mask)),
        box_left=left,
        box_top=top,
        box_right=right,
        box_bottom=bottom,
        box_share=(right - left) * (bottom - top),
        blank=share < NEARLY_BLANK,
        sharpness=_sharpness(grey) if share else nan,
        jpeg_quality=quality,
        file_bytes=float(file_bytes),
    )


def trait_values(traits: Traits | None) -> NDArray[np.float64]:
    """Return measurements in the order of `TRAIT_NAMES`, float64 [T]: flags as 0 and 1, all NaN for None (unreadable).

    A value that is not finite becomes NaN: findings are written as JSON, which has no infinity.
    """
    if traits is None:
        return np.full(len(TRAIT_NAMES), nan)
    values = np.array([float(getattr(traits, name)) for name in TRAIT_NAMES])
    return np.where(np.isfinite(values), values, nan)


def traits_frame(
    traits: Sequence[Traits | None] | NDArray[np.float64],
    rows: Sequence[int],
    splits: Sequence[str],
    paths: Sequence[str],
) -> pd.DataFrame:
    """Return traits as a table, for `traits.parquet`.

    Args:
        traits: N measurements, None for an image that cannot be read; or their `trait_values`, [N, T].
        rows: N row numbers within the split's table.
        splits: N times `train` or `test`.
        paths: N paths relative to the data root.

    Returns:
        N rows: `row` int64, `split`, `path`, and one float64 column per trait (flags as 0 and 1; NaN where unreadable).
    """
    values = traits if isinstance(traits, np.ndarray) else np.array([trait_values(one) for one in traits])
    frame = pd.DataFrame(values.reshape(-1, len(TRAIT_NAMES)), columns=list(TRAIT_NAMES))
    frame.insert(0, "path", list(paths))
    frame.insert(0, "split", list(splits))
    frame.insert(0, "row", np.asarray(rows, dtype=np.int64))
    return frame


def _brightness(colour: NDArray[np.uint8]) -> float:
    weights = (1.0,) if len(colour) == 1 else (0.299, 0.587, 0.114)
    return float(np.dot(colour.astype(np.float64), weights))


def _chroma(image: NDArray[np.uint8]) -> float:
    if image.ndim == 2:
        return 0.0
    red, green, blue = cv2.split(image)
    spread = cv2.subtract(cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue))
    counts = np.bincount(np.asarray(spread).ravel(), minlength=256)
    return float(np.searchsorted(np.cumsum(counts), 0.99 * spread.size))


def _box(mask: NDArray[np.uint8]) -> tuple[float, float, float, float]:
    left, top, width, height = cv2.boundingRect(mask)
    rows, columns = mask.shape
    return left / columns, top / rows, (left + width) / columns, (top + height) / rows


def _line_width(apart: NDArray[np.uint8], mask: NDArray[np.uint8]) -> float:
    """Return the width of the lines in pixels of `apart`; the ink is enlarged up to twice for edges between pixels."""
    left, top, width, height = cv2.boundingRect(mask)
    # A frame of paper around the ink, so that its outermost lines have two sides.
    ink_only = cv2.copyMakeBorder(
        apart[top : top + height, left : left + width], 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=(0.0,)
    )
    scale = min(2.0, _FINE_SIDE / max(width, height))
    fine = cv2.resize(ink_only, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    # A smoothed edge has half of the ink's contrast.
    half = quantile_in(apart, mask, 0.9) / 2
    inside = np.asarray(fine > half, np.uint8)
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    middle = (depth >= cv2.dilate(depth, np.ones((3, 3), np.uint8))) & (depth > 0)
    deep = np.sort(depth[middle])
    if not deep.size:
        return 1.0
    return 2 * float(deep[len(deep) // 4 : max(len(deep) * 3 // 4, len(deep) // 4 + 1)].mean()) / scale


def quantile_in(values: NDArray[np.uint8], mask: NDArray[np.uint8], share: float) -> float:
    """Return the quantile of the values in a mask with at least one pixel, as `numpy.quantile`, from their counts."""
    counts = np.cumsum(np.bincount(values[mask > 0], minlength=256))
    last = int(counts[-1]) - 1
    rank = int(share * last)
    below, above = (int(np.searchsorted(counts, one, "right")) for one in (rank, min(rank + 1, last)))
    return below + (above - below) * (share * last - rank)


def _sharpness(grey: NDArray[np.uint8]) -> float:
    _, spread = cv2.meanStdDev(grey)
    _, edges = cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_16S))
    return float(edges[0, 0] ** 2 / spread[0, 0] ** 2) if spread[0, 0] > 0 else nan
