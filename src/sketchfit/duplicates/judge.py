"""Decide whether two aligned drawings have the same strokes, and describe how the second comes from the first."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.duplicates.align import Fit
from sketchfit.duplicates.compare_pixels import correlation_after, equal_after_symmetry, pose_matrix
from sketchfit.duplicates.signature import Signatures
from sketchfit.processors import cores

SIMPLE_LENGTH = 8.0
"""Drawings with less line than this, in units of the spread, may be alike by chance. A circle has about 7."""
STRAIGHT = 0.1
"""Drawings with a smaller aspect than this are straight lines: they are copies only if their pixels are equal."""
SAME = 0.022
"""Largest mean distance between the lines of copies, as a share of the drawing's spread."""

SAME_SIMPLE = 0.0125
"""The same for simple drawings."""


@dataclass(frozen=True)
class _Doubt:
    """Pairs that are decided by their pixels: distances up to `near` in one direction and `far` in the other."""

    near: float
    far: float
    correlation: float


# Measured on real drawings: copies with the same pen correlate above 0.99 (cut corners: 0.97, thickened: 0.93); the
# most similar of different drawings 0.87 where there is much line and 0.94 where there is little.
_COMPLEX = (_Doubt(0.030, 0.04, 0.90), _Doubt(0.018, 0.10, 0.96))
_SIMPLE = (_Doubt(0.0115, 0.018, 0.94), _Doubt(0.020, 0.05, 0.985))
_STRAIGHT_FAR = 0.02


_TURNS = ("", "rotated 90°", "rotated 180°", "rotated 270°")
_MIRRORED_TURNS = ("mirrored", "mirrored, rotated 90°", "upside down", "mirrored, rotated 270°")
"""Words for quarter turns, without and with a reflection."""


def is_turned(kind: str) -> bool:
    """Return whether one drawing of a pair is flipped, or turned by 90°, 180° or 270°; `kind` is from `describe`."""
    return kind.startswith((*_TURNS[1:], *_MIRRORED_TURNS))


def describe(rotor: complex, mirrored: bool, width_ratio: float) -> str:
    """Describe how the second drawing comes from the first.

    Args:
        rotor: rotation (clockwise) and scale in image pixels, after the reflection if `mirrored`.
        mirrored: reflected left-right first.
        width_ratio: second's line width over the first's, both relative to the size of the drawing.
    """
    degrees = float(np.degrees(np.angle(rotor))) % 360
    quarter = round(degrees / 90) % 4
    tilt = (degrees - 90 * quarter + 180) % 360 - 180
    words = [(_MIRRORED_TURNS if mirrored else _TURNS)[quarter]]
    if abs(tilt) >= 1:
        words.append(f"tilted {tilt:.0f}°")
    if abs(np.log(abs(rotor))) > 0.03:
        words.append(f"resized {abs(rotor):.2f}")
    if abs(np.log(max(width_ratio, 1e-6))) > 0.4:
        words.append("thicker lines" if width_ratio > 1 else "thinner lines")
    return ", ".join(word for word in words if word) or "same place and size"


def judge(
    signatures: Signatures,
    pairs: NDArray[np.int64],
    fit: Fit,
    image: Callable[[int], NDArray[np.uint8]] | None,
) -> tuple[NDArray[np.bool_], NDArray[np.float32], list[str]]:
    """Accept or refuse each pair.

    Args:
        signatures: of all drawings.
        pairs: int64 [P, 2].
        fit: alignment of the pairs.
        image: returns a row's image, for drawings that are too simple to be compared by their lines.

    Returns:
        accepted bool [P], score float32 [P] (0 to 1), kind (P descriptions; empty where refused).
    """
    apart = fit.distance[:, :, 0].max(axis=1)
    near = fit.distance[:, :, 0].min(axis=1)
    straight = signatures.aspect[pairs].min(axis=1) < STRAIGHT
    simple = ~straight & (signatures.length[pairs].min(axis=1) < SIMPLE_LENGTH)
    accepted = ~straight & (apart <= np.where(simple, SAME_SIMPLE, SAME))
    if image is not None:
        with ThreadPoolExecutor(cores()) as pool:
            for p in np.flatnonzero(straight & (apart <= _STRAIGHT_FAR)).tolist():
                accepted[p] = equal_after_symmetry(image(int(pairs[p, 0])), image(int(pairs[p, 1])))
            agreement = _Agreement(signatures, pairs, fit, image)
            for doubts, which in ((_SIMPLE, simple), (_COMPLEX, ~straight & ~simple)):
                for doubt in doubts:
                    unsure = np.flatnonzero(which & ~accepted & (near <= doubt.near) & (apart <= doubt.far))
                    correlations = np.array(list(pool.map(agreement.of, unsure.tolist())))
                    accepted[unsure] = correlations >= doubt.correlation
    ratio = (signatures.width / np.maximum(signatures.spread, 1e-6))[pairs]
    ratio = ratio[:, 1] / np.maximum(ratio[:, 0], 1e-6)
    kind = [""] * len(pairs)
    for p in np.flatnonzero(accepted).tolist():
        kind[p] = describe(complex(fit.rotor[p]), bool(fit.mirrored[p]), float(ratio[p]))
    return accepted, np.clip(1 - apart, 0, 1).astype(np.float32), kind


@dataclass(frozen=True)
class _Agreement:
    """What the agreement of the pixels of pairs [P, 2] depends on; see `judge`."""

    signatures: Signatures
    pairs: NDArray[np.int64]
    fit: Fit
    image: Callable[[int], NDArray[np.uint8]]

    def of(self, p: int) -> float:
        """Return the correlation of the ink of two drawings, aligned as in pair `p`; safe from several threads."""
        signatures, fit = self.signatures, self.fit
        first, second = self.pairs[p].tolist()
        scale = float(signatures.scale[second])
        centre = signatures.origin[second] + signatures.centre[second] / scale
        pose = pose_matrix(complex(fit.rotor[p]), complex(fit.shift[p]), bool(fit.mirrored[p]))
        spread = float(signatures.spread[second]) / scale
        place = (float(centre[0]), float(centre[1]))
        return correlation_after(self.image(first), self.image(second), pose, place, spread)
