"""Whether two drawings that were laid over each other are the same strokes, and how the one comes from the other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.duplicates.signature import Signatures
from sketchfit.data.duplicates.verify import Fit

SAME = 0.022
"""Largest mean distance between the lines of copies, as a share of the drawing's spread."""
SAME_SIMPLE = 0.011
EXACT = 0.004
SIMPLE_LENGTH = 8.0
STRAIGHT = 0.1


def describe(rotor: complex, mirrored: bool, width_ratio: float) -> str:
    """How the second drawing comes from the first, in words.

    Args:
        rotor: rotation (clockwise) and scale in image pixels, after the reflection if `mirrored`.
        mirrored: reflected left-right first.
        width_ratio: second's line width over the first's, both relative to the size of the drawing.
    """
    degrees = float(np.degrees(np.angle(rotor))) % 360
    quarter = round(degrees / 90) % 4
    tilt = (degrees - 90 * quarter + 180) % 360 - 180
    turns = {0: "", 1: "rotated 90°", 2: "rotated 180°", 3: "rotated 270°"}
    if mirrored:
        turns = {0: "mirrored", 1: "mirrored, rotated 90°", 2: "upside down", 3: "mirrored, rotated 270°"}
    words = [turns[quarter]]
    if abs(tilt) >= 1:
        words.append(f"tilted {tilt:.0f}°")
    if abs(np.log(abs(rotor))) > 0.03:
        words.append(f"resized {abs(rotor):.2f}")
    if abs(np.log(max(width_ratio, 1e-6))) > 0.3:
        words.append("thicker lines" if width_ratio > 1 else "thinner lines")
    return ", ".join(word for word in words if word) or "same place and size"


def judge(
    signatures: Signatures,
    pairs: NDArray[np.int64],
    fit: Fit,
    image: Callable[[int], NDArray[np.uint8]] | None,  # noqa: ARG001
) -> tuple[NDArray[np.bool_], NDArray[np.float32], list[str]]:
    """Accept or refuse each pair.

    Args:
        signatures: of all drawings.
        pairs: int64 [P, 2].
        fit: how they were laid over each other.
        image: gives a row's image, for drawings too simple to judge by their lines.

    Returns:
        accepted bool [P], score float32 [P] (0 to 1), kind (P descriptions).
    """
    apart = fit.distance[:, :, 0].max(axis=1)
    length = signatures.length[pairs].min(axis=1)
    aspect = signatures.aspect[pairs].min(axis=1)
    limit = np.where(aspect < STRAIGHT, EXACT, np.where(length < SIMPLE_LENGTH, SAME_SIMPLE, SAME))
    ratio = (signatures.width / np.maximum(signatures.spread, 1e-6))[pairs]
    ratio = ratio[:, 1] / np.maximum(ratio[:, 0], 1e-6)
    kind = [describe(complex(r), bool(m), float(w)) for r, m, w in zip(fit.rotor, fit.mirrored, ratio, strict=True)]
    return apart <= limit, np.clip(1 - apart, 0, 1).astype(np.float32), kind
