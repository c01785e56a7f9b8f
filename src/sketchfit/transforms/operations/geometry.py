"""Linear geometry: crop, scale, aspect, rotation, shear, translation, flips. Each returns one matrix; the matrices of a
policy are multiplied into one."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

from typing_extensions import override

from sketchfit.transforms.operations import operations
from sketchfit.transforms.ops import Affine, Matrix, PositiveRange, Probability, Range, Uniforms, between


@operations.register("crop")
class Crop(Affine):
    """Random resized crop: a box of random area and aspect, stretched to the entire image.

    Szegedy et al., *Going deeper with convolutions* (arXiv:1409.4842).
    """

    draws: ClassVar[int] = 4
    neutral: ClassVar[dict[str, float]] = {"area": 1.0, "aspect": 1.0}

    op: Literal["crop"] = "crop"
    area: PositiveRange = (0.7, 1.0)
    """Share of the image's area; above 1 the image shrinks on its paper."""
    aspect: PositiveRange = (0.9, 1.1)
    """Width to height of the box, uniform on a logarithmic scale."""

    @override
    def inverse(self, u: Uniforms) -> Matrix:
        """The box is inside the image if its area is at most 1."""
        side = math.sqrt(between(self.area, u[0]))
        stretch = math.sqrt(self.aspect[0] * (self.aspect[1] / self.aspect[0]) ** u[1])
        width, height = side * stretch, side / stretch
        if side <= 1:
            width, height = min(width, 1.0), min(height, 1.0)
        return (width, 0.0, (2 * u[2] - 1) * (1 - width), 0.0, height, (2 * u[3] - 1) * (1 - height))


@operations.register("scale")
class Scale(Affine):
    """Scales the drawing around the centre; uncovered parts are paper."""

    draws: ClassVar[int] = 1
    neutral: ClassVar[dict[str, float]] = {"factor": 1.0}

    op: Literal["scale"] = "scale"
    factor: PositiveRange = (0.85, 1.15)
    """Factor of lengths."""

    @override
    def inverse(self, u: Uniforms) -> Matrix:
        """Divides by the factor."""
        step = 1 / between(self.factor, u[0])
        return (step, 0.0, 0.0, 0.0, step, 0.0)


@operations.register("aspect")
class Aspect(Affine):
    """Makes the drawing wider or taller with the same area."""

    draws: ClassVar[int] = 1
    neutral: ClassVar[dict[str, float]] = {"ratio": 1.0}

    op: Literal["aspect"] = "aspect"
    ratio: PositiveRange = (0.85, 1.18)
    """Width to height, uniform on a logarithmic scale."""

    @override
    def inverse(self, u: Uniforms) -> Matrix:
        """Divides widths and multiplies heights by the root of the ratio."""
        root = math.sqrt(self.ratio[0] * (self.ratio[1] / self.ratio[0]) ** u[0])
        return (1 / root, 0.0, 0.0, 0.0, root, 0.0)


@operations.register("rotate")
class Rotate(Affine):
    """Rotates the drawing around the centre."""

    draws: ClassVar[int] = 1
    neutral: ClassVar[dict[str, float]] = {"degrees": 0.0}

    op: Literal["rotate"] = "rotate"
    degrees: Range = (-10.0, 10.0)
    """Angle in degrees, counter-clockwise."""

    @override
    def inverse(self, u: Uniforms) -> Matrix:
        """The inverse of a counter-clockwise rotation where y points down."""
        angle = math.radians(between(self.degrees, u[0]))
        cos, sin = math.cos(angle), math.sin(angle)
        return (cos, -sin, 0.0, sin, cos, 0.0)


@operations.register("quarter_turn")
class QuarterTurn(Affine):
    """Rotates the drawing by 90, 180 or 270 degrees, without interpolation."""

    draws: ClassVar[int] = 1

    op: Literal["quarter_turn"] = "quarter_turn"

    @override
    def inverse(self, u: Uniforms) -> Matrix:
        """One of three integer matrices."""
        cos, sin = ((0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[int(3 * u[0])]
        return (cos, -sin, 0.0, sin, cos, 0.0)


@operations.register("shear")
class Shear(Affine):
    """Shears the drawing along x and along y."""

    draws: ClassVar[int] = 2
    neutral: ClassVar[dict[str, float]] = {"x": 0.0, "y": 0.0}

    op: Literal["shear"] = "shear"
    x: Range = (-0.1, 0.1)
    """Shift along x per unit of y."""
    y: Range = (0.0, 0.0)
    """Shift along y per unit of x."""

    @override
    def inverse(self, u: Uniforms) -> Matrix:
        """Reverses the shear along y, then the one along x."""
        x, y = between(self.x, u[0]), between(self.y, u[1])
        return (1 + x * y, -x, 0.0, -y, 1.0, 0.0)


@operations.register("translate")
class Translate(Affine):
    """Shifts the drawing; uncovered parts are paper."""

    draws: ClassVar[int] = 2
    neutral: ClassVar[dict[str, float]] = {"x": 0.0, "y": 0.0}

    op: Literal["translate"] = "translate"
    x: Range = (-0.08, 0.08)
    """Shift to the right as a share of the width."""
    y: Range = (-0.08, 0.08)
    """Shift downwards as a share of the height."""

    @override
    def inverse(self, u: Uniforms) -> Matrix:
        """A share of the width is twice as large in coordinates from -1 to 1."""
        return (1.0, 0.0, -2 * between(self.x, u[0]), 0.0, 1.0, -2 * between(self.y, u[1]))


@operations.register("hflip")
class HFlip(Affine):
    """Flips left and right."""

    op: Literal["hflip"] = "hflip"
    p: Probability = 0.5
    """Probability that it is applied to an image."""

    @override
    def inverse(self, u: Uniforms) -> Matrix:
        """Its own inverse."""
        return (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


@operations.register("vflip")
class VFlip(Affine):
    """Flips top and bottom."""

    op: Literal["vflip"] = "vflip"
    p: Probability = 0.5
    """Probability that it is applied to an image."""

    @override
    def inverse(self, u: Uniforms) -> Matrix:
        """Its own inverse."""
        return (1.0, 0.0, 0.0, 0.0, -1.0, 0.0)
