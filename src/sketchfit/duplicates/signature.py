"""Signature of a drawing for finding its copies: its centre lines, and their spectrum over the angle.

The ink is separated from the paper, scaled to a common size by its second moments, and thinned to its centre lines, so
that pen, paper, scale and margins have no influence. The lines are then redrawn with one standard pen
and expanded on rings around their centroid into Fourier coefficients over the angle: rotating the drawing by phi
multiplies coefficient k by exp(-i k phi) and mirroring it conjugates, so the magnitudes are invariants of O(2), which
includes the eight symmetries of the square and small tilts, and one inverse FFT gives the best relative rotation of two
drawings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import cv2
import numpy as np
from numpy.typing import DTypeLike, NDArray

from sketchfit.data.paper import InkMask, ink_mask

SIDE = 192
"""Side of the raster of the centre lines, pixels."""
SPREAD = 32.0
"""Root-mean-square distance of the ink from its centroid on that raster, pixels; half the side is 3 of them."""
PEN = 3.0
"""Radius of the standard pen, pixels."""
RINGS = 10
FREQUENCIES = 24
_RADII = 40
_ANGLES = 96
_REACH = 2.75


@dataclass(frozen=True)
class Signatures:
    """The signatures of N drawings, one row per drawing (about 7 KB).

    Attributes:
        lines: uint8 [N, SIDE, SIDE // 8], centre lines, eight pixels per byte (`numpy.unpackbits` over the last axis).
        spectrum: complex64 [N, RINGS, FREQUENCIES], Fourier coefficients over the angle, unit norm (zero if blank).
        centre: float32 [N, 2], centroid (x, y) of the lines on the raster, pixels.
        spread: float32 [N], root-mean-square distance of the lines from it, pixels on the raster.
        scale: float32 [N], raster pixels per pixel of the image.
        origin: float32 [N, 2], (x, y) in the image of the raster's point (0, 0), pixels.
        width: float32 [N], mean line width (ink by length), pixels on the raster.
        length: float32 [N], length of all lines in units of `spread`; about 7 for a circle.
        aspect: float32 [N], smaller over larger principal spread: 0 for a straight line, 1 for a circle.
        drawn: bool [N], False where there is nothing to compare (blank, or a single dot).
    """

    lines: NDArray[np.uint8]
    spectrum: NDArray[np.complex64]
    centre: NDArray[np.float32]
    spread: NDArray[np.float32]
    scale: NDArray[np.float32]
    origin: NDArray[np.float32]
    width: NDArray[np.float32]
    length: NDArray[np.float32]
    aspect: NDArray[np.float32]
    drawn: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.drawn)

    @staticmethod
    def empty(count: int, allocate: Callable[[tuple[int, ...], DTypeLike], NDArray[Any]] = np.zeros) -> Signatures:
        """Return signatures of `count` blank drawings, to be filled by `put`.

        Args:
            count: number of drawings.
            allocate: makes the large arrays, by shape and type.
        """
        return Signatures(
            allocate((count, SIDE, SIDE // 8), np.uint8),
            allocate((count, RINGS, FREQUENCIES), np.complex64),
            np.zeros((count, 2), np.float32),
            np.zeros(count, np.float32),
            np.zeros(count, np.float32),
            np.zeros((count, 2), np.float32),
            np.zeros(count, np.float32),
            np.zeros(count, np.float32),
            np.zeros(count, np.float32),
            np.zeros(count, np.bool_),
        )

    def put(self, row: int, one: Signatures) -> None:
        """Write the only row of `one` into row `row`; safe from several threads."""
        for field in fields(self):
            getattr(self, field.name)[row] = getattr(one, field.name)[0]


def centre_lines(mask: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the middle of the lines, one or two pixels wide: the ridge of the distance to the paper."""
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    return np.asarray((cv2.Laplacian(depth, cv2.CV_32F, ksize=1) < -0.6) & (mask > 0))


def _moments(mask: NDArray[np.uint8]) -> tuple[float, float, float, float]:
    """Return centroid x and y, root-mean-square distance from it, and smaller over larger principal spread."""
    m = cv2.moments(mask, binaryImage=True)
    if m["m00"] == 0:
        return 0.0, 0.0, 0.0, 0.0
    total = (m["mu20"] + m["mu02"]) / m["m00"]
    apart = float(np.hypot(m["mu20"] - m["mu02"], 2 * m["mu11"])) / m["m00"]
    aspect = float(np.sqrt(max(total - apart, 0.0) / (total + apart))) if total else 0.0
    return m["m10"] / m["m00"], m["m01"] / m["m00"], float(np.sqrt(total)), aspect


def _to_raster(
    apart: NDArray[np.uint8], x: float, y: float, spread: float
) -> tuple[NDArray[np.uint8], float, float, float]:
    """Scale the ink to the spread SPREAD on a SIDE x SIDE raster; return it with its scale and origin x and y."""
    height, width = apart.shape
    half = spread * SIDE / SPREAD / 2
    left, top = round(x - half), round(y - half)
    size = max(1, round(2 * half))
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + size, width), min(top + size, height)
    factor = SIDE / size
    out_w, out_h = max(1, round((x1 - x0) * factor)), max(1, round((y1 - y0) * factor))
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    small = cv2.resize(apart[y0:y1, x0:x1], (out_w, out_h), interpolation=method)
    raster = np.zeros((SIDE, SIDE), np.uint8)
    at_x, at_y = round((x0 - left) * factor), round((y0 - top) * factor)
    small = small[: SIDE - at_y, : SIDE - at_x]
    raster[at_y : at_y + small.shape[0], at_x : at_x + small.shape[1]] = small
    return raster, factor, left + 0.5 / factor - 0.5, top + 0.5 / factor - 0.5


def _ring_weights() -> NDArray[np.float32]:
    """Return smooth overlapping rings, float32 [RINGS, _RADII], weighted by the area of each radius."""
    radius = (np.arange(_RADII) + 0.5) / _RADII
    middle = (np.arange(RINGS) + 0.5) / RINGS
    return (np.exp(-0.5 * ((radius - middle[:, None]) * RINGS / 0.6) ** 2) * np.sqrt(radius)).astype(np.float32)


_RING_WEIGHTS = _ring_weights()


def take_signature(image: NDArray[np.uint8], ink: InkMask | None = None) -> Signatures:
    """Compute the signature of one drawing.

    Args:
        image: uint8 [H, W] grey or [H, W, C], as decoded.
        ink: of the image, where it is known.

    Returns:
        `Signatures` of one row; `drawn` is False for a blank image.
    """
    result = Signatures.empty(1)
    ink = ink or InkMask.of(image)
    x, y, spread, _ = _moments(ink.mask)
    if spread < 1.0:
        return result
    raster, factor, left, top = _to_raster(ink.apart, x, y, spread)
    drawn = ink_mask(raster, noise=2)
    ridge = centre_lines(drawn)
    if int(ridge.sum()) < 8:
        return result
    away = cv2.distanceTransform((~ridge).astype(np.uint8), cv2.DIST_L2, 3)
    redrawn = (away <= PEN).astype(np.uint8)
    cx, cy, rms, aspect = _moments(redrawn)
    flags = cv2.INTER_LINEAR | cv2.WARP_POLAR_LINEAR | cv2.WARP_FILL_OUTLIERS
    polar = cv2.warpPolar(redrawn.astype(np.float32), (_RADII, _ANGLES), (cx, cy), _REACH * rms, flags)
    spectrum = _RING_WEIGHTS @ np.fft.rfft(polar, axis=0)[:FREQUENCIES].T
    result.lines[0] = np.packbits(ridge, axis=1)
    result.spectrum[0] = spectrum / max(float(np.linalg.norm(spectrum)), 1e-9)
    result.centre[0], result.origin[0] = (cx, cy), (left, top)
    length = int(redrawn.sum()) / (2 * PEN + 1)
    result.spread[0], result.scale[0], result.drawn[0] = rms, factor, True
    result.length[0], result.aspect[0], result.width[0] = length / rms, aspect, np.count_nonzero(drawn) / length
    return result
