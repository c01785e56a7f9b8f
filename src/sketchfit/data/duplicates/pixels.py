"""The last word on two drawings too simple to be told apart by the shape of their lines: their pixels.

A circle resembles any circle; only a copy also repeats the tremor of the hand and the width of the line.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.data.duplicates.signature import contrast

_SPREAD = 48.0
_SIDE = 288
_BLUR = 1.0
_ROUNDS = 20


def _frame(apart: NDArray[np.uint8], matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    """Resample with `matrix` [2, 3] (image to canvas), smoothed first where that shrinks."""
    shrink = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    image = apart.astype(np.float32)
    if shrink < 1:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.5 / shrink), np.float32)
    moved = cv2.warpAffine(image, matrix, (_SIDE, _SIDE), flags=cv2.INTER_LINEAR)
    return np.asarray(cv2.GaussianBlur(moved, (0, 0), _BLUR), np.float32)


def pose_matrix(rotor: complex, shift: complex, mirrored: bool) -> NDArray[np.float64]:
    """The pose of a `Fit` as a matrix [2, 3] on (x, y, 1)."""
    flip = -1.0 if mirrored else 1.0
    return np.array([[flip * rotor.real, -rotor.imag, shift.real], [flip * rotor.imag, rotor.real, shift.imag]])


def correlation_after(
    first: NDArray[np.uint8],
    second: NDArray[np.uint8],
    pose: NDArray[np.float64],
    centre: tuple[float, float],
    spread: float,
) -> float:
    """Correlation of the two drawings' ink, the first laid over the second and nudged to the best place.

    Args:
        first, second: uint8 [H, W] or [H, W, C].
        pose: [2, 3], from the first's pixels to the second's.
        centre: (x, y) of the second's ink, pixels.
        spread: root-mean-square distance of the second's ink from there, pixels.

    Returns:
        Correlation coefficient, at most 1, maximised by the ECC algorithm (Evangelidis & Psarakis 2008).
    """
    scale = _SPREAD / max(spread, 1e-6)
    view = np.array(
        [[scale, 0, _SIDE / 2 - scale * centre[0]], [0, scale, _SIDE / 2 - scale * centre[1]], [0, 0, 1]], np.float64
    )
    target = _frame(contrast(second), view[:2])
    moved = _frame(contrast(first), (view @ np.vstack([pose, [0, 0, 1]]))[:2])
    start = float(np.corrcoef(target.ravel(), moved.ravel())[0, 1])
    try:
        stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, _ROUNDS, 1e-5)
        nudge = np.eye(2, 3, dtype=np.float32)
        best, _ = cv2.findTransformECC(target, moved, nudge, cv2.MOTION_EUCLIDEAN, stop)
    except cv2.error:  # it does not converge where there is nothing to follow
        return start
    return max(start, float(best))
