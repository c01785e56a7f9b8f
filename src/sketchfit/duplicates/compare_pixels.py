"""Compare the pixels of two drawings that are too simple to be distinguished by the shape of their lines.

Any two circles are similar; only a copy also repeats the tremor of the hand and the width of the line.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.data.paper import contrast

_SPREAD = 48.0
_SIDE = 288
_BLUR = 1.0
_ROUNDS = 20
_EQUAL = 0.98
_MAX_STRETCH = 1.03
"""Rounding the sides of a small image to pixels changes its proportions by up to this factor."""


def _frame(apart: NDArray[np.uint8], matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    """Resample with `matrix` [2, 3] (image to canvas), smoothed first where that shrinks."""
    shrink = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    image = apart.astype(np.float32)
    if shrink < 1:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.5 / shrink), np.float32)
    moved = cv2.warpAffine(image, matrix, (_SIDE, _SIDE), flags=cv2.INTER_LINEAR)
    return np.asarray(cv2.GaussianBlur(moved, (0, 0), _BLUR), np.float32)


def pose_matrix(rotor: complex, shift: complex, mirrored: bool) -> NDArray[np.float64]:
    """Return the pose of a `Fit` as a matrix [2, 3] on (x, y, 1)."""
    flip = -1.0 if mirrored else 1.0
    return np.array([[flip * rotor.real, -rotor.imag, shift.real], [flip * rotor.imag, rotor.real, shift.imag]])


def correlation_after(
    first: NDArray[np.uint8],
    second: NDArray[np.uint8],
    pose: NDArray[np.float64],
    centre: tuple[float, float],
    spread: float,
) -> float:
    """Return the correlation of the two drawings' ink, after the first is moved onto the second and to the best place.

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
    best = float(np.corrcoef(target.ravel(), moved.ravel())[0, 1])
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, _ROUNDS, 1e-5)
    for motion in (cv2.MOTION_EUCLIDEAN, cv2.MOTION_AFFINE):
        try:
            value, nudge = cv2.findTransformECC(target, moved, np.eye(2, 3, dtype=np.float32), motion, stop)
        except cv2.error:  # it does not converge on images without structure
            continue
        stretch = np.linalg.svd(nudge[:, :2], compute_uv=False)
        if stretch[0] <= _MAX_STRETCH * stretch[1]:
            best = max(best, float(value))
    return best


def equal_after_symmetry(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> bool:
    """Return whether a symmetry of the square moves the first's ink onto the second's, except for JPEG noise."""
    one, other = contrast(first), contrast(second).astype(np.float32)
    for flipped in (one, one[:, ::-1]):
        for quarter in range(4):
            turned = np.rot90(flipped, quarter)
            if turned.shape == other.shape and np.corrcoef(turned.ravel(), other.ravel())[0, 1] >= _EQUAL:
                return True
    return False
