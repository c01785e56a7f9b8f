"""Geometry that bends strokes: elastic deformation, jitter and grid distortion, fused into the policy's resampling."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from sketchfit.transforms.field import displaced, linear, smooth
from sketchfit.transforms.operations import operations
from sketchfit.transforms.ops import ShareRange, Uniforms, Warp, between


@operations.register("elastic")
class Elastic(Warp):
    """Elastic deformation: smooth random displacements by a B-spline surface over few nodes.

    Simard, Steinkraus and Platt, *Best practices for convolutional neural networks applied to visual document
    analysis* (ICDAR 2003); the surface: Rueckert et al., *Nonrigid registration using free-form deformations* (IEEE
    TMI 1999).
    """

    draws: ClassVar[int] = 1
    neutral: ClassVar[dict[str, float]] = {"shift": 0.0}

    op: Literal["elastic"] = "elastic"
    shift: ShareRange = (0.02, 0.06)
    """Largest shift of a point along x or y as a share of the side."""
    cells: int = Field(4, ge=1, le=64)
    """Cells of the surface along a side; more cells bend on a smaller scale."""

    @override
    def pull(
        self, points: NDArray[np.float32], size: int, u: Uniforms, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """Displace by the surface."""
        return displaced(points, _spline_field(self.cells, between(self.shift, u[0]), size, rng))


@operations.register("jitter")
class Jitter(Warp):
    """Tremor of the hand: a small elastic deformation on a small scale."""

    draws: ClassVar[int] = 1
    neutral: ClassVar[dict[str, float]] = {"shift": 0.0}

    op: Literal["jitter"] = "jitter"
    shift: ShareRange = (0.005, 0.014)
    """Largest shift of a point along x or y as a share of the side."""
    cells: int = Field(20, ge=1, le=64)
    """Cells along a side; more cells make the tremor faster."""

    @override
    def pull(
        self, points: NDArray[np.float32], size: int, u: Uniforms, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """Displace by the surface."""
        return displaced(points, _spline_field(self.cells, between(self.shift, u[0]), size, rng))


@operations.register("grid_distortion")
class GridDistortion(Warp):
    """Moves the inner nodes of a grid over the image, so that straight lines bend at the grid's lines."""

    draws: ClassVar[int] = 1
    neutral: ClassVar[dict[str, float]] = {"shift": 0.0}

    op: Literal["grid_distortion"] = "grid_distortion"
    shift: ShareRange = (0.1, 0.3)
    """Largest shift of a node along x or y as a share of a cell's side; below 0.5 nothing folds."""
    cells: int = Field(5, ge=2, le=64)
    """Cells along a side."""

    @override
    def pull(
        self, points: NDArray[np.float32], size: int, u: Uniforms, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """Displace linearly between the nodes; the border does not move."""
        nodes = np.zeros((self.cells + 1, self.cells + 1, 2), np.float32)
        reach = 2 * between(self.shift, u[0]) / self.cells
        nodes[1:-1, 1:-1] = (2 * rng.random((self.cells - 1, self.cells - 1, 2), np.float32) - 1) * np.float32(reach)
        return displaced(points, linear(nodes, size, size))


def _spline_field(cells: int, shift: float, size: int, rng: np.random.Generator) -> NDArray[np.float32]:
    nodes = (2 * rng.random((cells + 3, cells + 3, 2), np.float32) - 1) * np.float32(2 * shift)
    return smooth(nodes, size, size)
