"""A drawing seen at an angle."""

from __future__ import annotations

from typing import ClassVar, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from sketchfit.transforms.ops import Range, Uniforms, Warp, between

_CORNERS = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)


class Perspective(Warp):
    """Moves the four corners, each on its own, and draws the rest along by a homography.

    Hartley and Zisserman, *Multiple view geometry in computer vision* (2004), chapter 4.
    """

    draws: ClassVar[int] = 8
    neutral: ClassVar[dict[str, float]] = {"shift": 0.0}

    op: Literal["perspective"] = "perspective"
    shift: Range = (-0.1, 0.1)
    """How far a corner moves along x and along y, as a share of the side."""

    @override
    def pull(
        self, points: NDArray[np.float32], size: int, u: Uniforms, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """The inverse homography: from the moved corners to the picture's own."""
        moves = np.array([2 * between(self.shift, number) for number in u], np.float32).reshape(4, 2)
        matrix = cv2.getPerspectiveTransform(_CORNERS + moves, _CORNERS)
        return cv2.perspectiveTransform(points, matrix)  # type: ignore[return-value]
