"""The geometry of a policy in one resampling: one matrix and `cv2.warpAffine`, or one map and `cv2.remap`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.transforms.ops import IDENTITY, Affine, Matrix, Picture, Sampled, Warp, compose

_FLAGS = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
_DENSE = 1.25
"""Source pixels per output pixel above which bilinear sampling would skip thin lines, so that the source is averaged
first."""


def averages(side: int, size: int) -> bool:
    """Return whether `resize` averages an image whose longer side is `side`; otherwise it interpolates."""
    return side > _DENSE * size


def resize(image: Picture, size: int) -> Picture:
    """Return the entire image [S, S', C] as [size, size, C], never a view.

    It is averaged where it shrinks by more than `_DENSE`, and interpolated bilinearly otherwise.
    """
    if image.shape[0] == image.shape[1] == size:
        return image.copy()
    method = cv2.INTER_AREA if averages(max(image.shape[:2]), size) else cv2.INTER_LINEAR
    out = cv2.resize(image, (size, size), interpolation=method)
    return out.reshape(size, size, image.shape[2])  # type: ignore[return-value]


def resample(
    image: Picture, paper: Picture, size: int, sampled: Sequence[Sampled], rng: np.random.Generator
) -> Picture:
    """Return the image at its final size after all geometric operations among `sampled`.

    Args:
        image: uint8 [S, S', C]; not changed.
        paper: uint8 [C], the colour outside.
        size: output side in pixels.
        sampled: operations with their numbers; those that are not geometric are skipped.
        rng: for fields of noise.

    Returns:
        uint8 [size, size, C].
    """
    moves = [(op, u) for op, u in sampled if isinstance(op, (Affine, Warp))]
    if any(isinstance(op, Warp) for op, _ in moves):
        return _remapped(image, paper, size, moves, rng)
    matrix = IDENTITY
    for op, u in reversed(moves):
        matrix = compose(matrix, op.inverse(u))  # type: ignore[union-attr]
    return _warped(image, paper, size, matrix)


def _warped(image: Picture, paper: Picture, size: int, matrix: Matrix) -> Picture:
    a, b, c, d, e, f = matrix
    if c == f == 0 and {abs(a), abs(b)} == {abs(d), abs(e)} == {0.0, 1.0} and abs(a) == abs(e):
        return _turned(resize(image, size), matrix)
    image = _averaged(image, size, math.sqrt(abs(a * e - b * d)))
    rows, columns, channels = image.shape
    edge = 1 / size - 1
    pixels = np.array(
        (
            (a * columns / size, b * columns / size, (a * edge + b * edge + c + 1) * columns / 2 - 0.5),
            (d * rows / size, e * rows / size, (d * edge + e * edge + f + 1) * rows / 2 - 0.5),
        )
    )
    out = cv2.warpAffine(image, pixels, (size, size), flags=_FLAGS, borderValue=paper.tolist())
    return out.reshape(size, size, channels)  # type: ignore[return-value]


def _turned(image: Picture, matrix: Matrix) -> Picture:
    """Return a square image after one of the eight flips and quarter turns."""
    a, b, _, d, e, _ = matrix
    if a == 0:
        image, a, e = image.transpose(1, 0, 2), d, b
    return np.ascontiguousarray(image[:: int(e), :: int(a)])


def _averaged(image: Picture, size: int, step: float) -> Picture:
    """Return the source at about one pixel per output pixel if it is much denser; `step` is the share of its side that
    the output spans."""
    dense = max(image.shape[:2]) * step / size
    if dense <= _DENSE:
        return image
    rows, columns = (max(1, round(side / dense)) for side in image.shape[:2])
    out = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA)
    return out.reshape(rows, columns, image.shape[2])  # type: ignore[return-value]


@lru_cache(maxsize=8)
def grid(size: int) -> NDArray[np.float32]:
    """Return the centres of the pixels, float32 [size, size, 2], (x, y) in [-1, 1]². Read-only."""
    at = ((2 * np.arange(size) + 1) / size - 1).astype(np.float32)
    points = np.stack(np.broadcast_arrays(at[None, :], at[:, None]), axis=-1)
    points.flags.writeable = False
    return points


def _remapped(image: Picture, paper: Picture, size: int, moves: Sequence[Sampled], rng: np.random.Generator) -> Picture:
    points = grid(size)
    matrix, area = IDENTITY, 1.0
    for op, u in reversed(moves):
        if isinstance(op, Affine):
            inverse = op.inverse(u)
            matrix = compose(matrix, inverse)
            area *= abs(inverse[0] * inverse[4] - inverse[1] * inverse[3])
        elif isinstance(op, Warp):
            points, matrix = op.pull(moved(points, matrix), size, u, rng), IDENTITY
    image = _averaged(image, size, math.sqrt(area))
    rows, columns, channels = image.shape
    to_pixels = (columns / 2, 0.0, columns / 2 - 0.5, 0.0, rows / 2, rows / 2 - 0.5)
    points = moved(points, compose(matrix, to_pixels))
    out = cv2.remap(image, points, None, cv2.INTER_LINEAR, borderValue=paper.tolist())  # type: ignore[call-overload]
    return out.reshape(size, size, channels)  # type: ignore[no-any-return]


def moved(points: NDArray[np.float32], matrix: Matrix) -> NDArray[np.float32]:
    """Return points float32 [H, W, 2] mapped by a matrix; the same object if it does nothing."""
    if matrix == IDENTITY:
        return points
    return cv2.transform(points, np.array(matrix, np.float32).reshape(2, 3))  # type: ignore[return-value]
