"""Perspective distortion."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator
from typing_extensions import override

from sketchfit.transforms.operations import operations
from sketchfit.transforms.ops import Range, Uniforms, Warp, between

_CORNERS = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)


def _unfolded(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] < -0.25 or bounds[1] > 0.25:
        raise ValueError(f"corners move by a quarter of the side at most; got {list(bounds)}")
    return bounds


Shift = Annotated[Range, AfterValidator(_unfolded)]


@operations.register("perspective")
class Perspective(Warp):
    """Maps a quadrangle to the entire image: its corners are the image's, each moved separately.

    Hartley and Zisserman, *Multiple view geometry in computer vision* (2004), chapter 4.
    """

    draws: ClassVar[int] = 8
    neutral: ClassVar[dict[str, float]] = {"shift": 0.0}

    op: Literal["perspective"] = "perspective"
    shift: Shift = (-0.1, 0.1)
    """Shift of a corner along x and along y as a share of the side; at most a quarter, so that the quadrangle cannot
    fold."""

    @override
    def pull(
        self, points: NDArray[np.float32], size: int, u: Uniforms, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """Apply the homography from the image's corners to the quadrangle's."""
        moves = np.array([2 * between(self.shift, number) for number in u], np.float32).reshape(4, 2)
        matrix = cv2.getPerspectiveTransform(_CORNERS, _CORNERS + moves)
        return cv2.perspectiveTransform(points, matrix)  # type: ignore[return-value]
