"""The number of separate parts of a drawing."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.auditing.shrink import shrink

_COARSE_SIDE = 128
_GAP = 0.05
_SPECK = 0.04


def separate_parts(mask: NDArray[np.uint8]) -> int:
    """Count the parts of a drawing that are apart from each other.

    Args:
        mask: uint8 [H, W], above 0 where there is ink.
    """
    coarse = (shrink(mask, _COARSE_SIDE) > 0).astype(np.uint8)
    reach = max(1, round(max(coarse.shape) * _GAP / 2))
    padded = cv2.copyMakeBorder(coarse, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=(0.0,))
    grown = cv2.dilate(padded, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    count, label, stats, _ = cv2.connectedComponentsWithStats(grown, connectivity=8)
    amount = np.bincount(np.asarray(label)[padded > 0], minlength=count)
    boxes = [
        (left + reach, top + reach, left + width - reach, top + height - reach)
        for (left, top, width, height, _), part in zip(stats[1:].tolist(), amount[1:], strict=True)
        if part >= _SPECK * amount.sum()
    ]
    return len(_merge_overlapping(boxes))


def _merge_overlapping(boxes: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Join boxes (left, top, right, bottom) until none overlap: an eye belongs to the face around it."""
    done: list[tuple[int, int, int, int]] = []
    for box in boxes:
        while other := next((d for d in done if _overlap(box, d)), None):
            done.remove(other)
            box = min(box[0], other[0]), min(box[1], other[1]), max(box[2], other[2]), max(box[3], other[3])
        done.append(box)
    return done


def _overlap(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
