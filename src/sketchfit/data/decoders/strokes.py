"""Drawings as strokes, one JSON object each as in Quick, Draw!: drawn with OpenCV.

`{"word": "cat", "drawing": [[[x0, x1, …], [y0, y1, …]], …]}`; a stroke may have a third list, of times, as in the raw
files. https://github.com/googlecreativelab/quickdraw-dataset
"""

from __future__ import annotations

import json
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.data.decoders.decoded import ImageError

SIDE = 512
_WIDTH = 8
_MARGIN = 24
_FRACTION_BITS = 4
"""Points are drawn to 1/16 of a pixel."""


def is_strokes(head: bytes) -> bool:
    """Return whether the first bytes of a content are a JSON object with strokes."""
    return head.lstrip()[:1] == b"{" and b'"drawing"' in head


def decode_strokes(data: bytes) -> NDArray[np.uint8]:
    """Draw black strokes on white, uint8 [SIDE, SIDE]: centred, the longer side filling it up to a margin.

    Raises:
        ImageError: it is not a JSON object with strokes, or has none.
    """
    strokes = _strokes(data)
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = (SIDE - 2 * _MARGIN) / max(float((high - low).max()), 1e-9)
    shift = SIDE / 2 - scale * (low + high) / 2
    image = np.full((SIDE, SIDE), 255, np.uint8)
    for stroke in strokes:
        placed = np.rint((stroke * scale + shift) * 2**_FRACTION_BITS).astype(np.int32)
        line = placed if len(placed) > 1 else np.repeat(placed, 2, axis=0)  # a dot
        cv2.polylines(image, [line], False, 0, _WIDTH, cv2.LINE_AA, _FRACTION_BITS)
    return image


def _strokes(data: bytes) -> list[NDArray[np.float64]]:
    """Return the points of each stroke, float64 [n, 2]."""
    try:
        drawing = json.loads(data)["drawing"]
        strokes = [_points(stroke) for stroke in drawing]
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise ImageError(f"is not a drawing of strokes ({error})") from error
    strokes = [stroke for stroke in strokes if len(stroke)]
    if not strokes:
        raise ImageError("is a drawing without strokes")
    if not all(np.isfinite(stroke).all() for stroke in strokes):
        raise ImageError("has points that are not finite numbers")
    return strokes


def _points(stroke: Any) -> NDArray[np.float64]:
    x, y = (np.asarray(values, dtype=np.float64) for values in stroke[:2])
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError("the lists of x and y of a stroke differ in length")
    return np.stack([x, y], axis=1)
