"""Base classes of operations: settings that turn uniform numbers in [0, 1) into an effect on an image.

There are five kinds, so that the operations of a policy can be fused:

- `Affine` returns a 2×3 matrix and `Warp` moves points; all of them in a policy become one resampling of the image.
- `Tone` returns a table of 256 values; adjacent ones become one look-up.
- `Pixel` makes any other change to the image at its final size.
- `Choice` selects other operations at random.

An operation states how many uniform numbers it needs (`draws`) and receives them. Only fields of noise, and the
operations that a `Choice` selects, use the generator that is passed too.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Self

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Uniforms = Sequence[float]
Picture = NDArray[np.uint8]
Matrix = tuple[float, float, float, float, float, float]
"""(a, b, c, d, e, f): x' = a·x + b·y + c, y' = d·x + e·y + f, in coordinates where the picture spans [-1, 1]²."""
IDENTITY: Matrix = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def _ordered(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] > bounds[1]:
        raise ValueError(f"a range is [lowest, highest]; got {list(bounds)}")
    return bounds


def _not_negative(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] < 0:
        raise ValueError(f"the lowest value must be at least 0; got {list(bounds)}")
    return bounds


def _positive(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] <= 0:
        raise ValueError(f"the lowest value must be above 0; got {list(bounds)}")
    return bounds


def _share(bounds: tuple[float, float]) -> tuple[float, float]:
    if not 0 <= bounds[0] <= bounds[1] <= 1:
        raise ValueError(f"shares are between 0 and 1; got {list(bounds)}")
    return bounds


Range = Annotated[tuple[float, float], AfterValidator(_ordered)]
"""[lowest, highest]; a value is sampled uniformly."""
AmountRange = Annotated[Range, AfterValidator(_not_negative)]
"""A range of values of 0 or more."""
PositiveRange = Annotated[Range, AfterValidator(_positive)]
"""A range of values above 0."""
ShareRange = Annotated[Range, AfterValidator(_share)]
"""A range within [0, 1]."""
CountRange = Annotated[tuple[int, int], AfterValidator(_ordered), AfterValidator(_not_negative)]
"""A range of integers of 0 or more."""
Probability = Annotated[float, Field(ge=0, le=1)]
"""A number within [0, 1]."""


def between(bounds: tuple[float, float], u: float) -> float:
    """Return the value at `u` in [0, 1) of the range `bounds`."""
    return bounds[0] + u * (bounds[1] - bounds[0])


def pixels(length: float, image: Picture) -> float:
    """Return a length in 128ths of the image's side in pixels."""
    return length * float(image.shape[0]) / 128


def dark_ink(paper: Picture) -> bool:
    """Return whether strokes are darker than the paper [C]: whether the paper is lighter than middle grey."""
    return 2 * int(paper.astype(np.int64).sum()) > 255 * len(paper)


def ink_of(image: Picture, paper: Picture) -> Picture:
    """Return the largest difference from the paper over channels of each pixel, uint8 [H, W]."""
    ground = np.empty_like(image)
    ground[:] = paper
    away = cv2.absdiff(image, ground).reshape(image.shape)
    return away[:, :, 0] if image.shape[2] == 1 else away.max(axis=2)  # type: ignore[return-value]


def paper_after(before: Picture, after: Picture, paper: Picture) -> Picture:
    """Return the paper colour after an operation, read at the first pixel that was paper before it."""
    bare = np.flatnonzero((before == paper).all(axis=2).reshape(-1))
    return after.reshape(-1, after.shape[2])[bare[0]].copy() if len(bare) else paper


def compose(first: Matrix, then: Matrix) -> Matrix:
    """Return the matrix that applies `first`, then `then`."""
    a, b, c, d, e, f = first
    g, h, i, j, k, m = then
    return (g * a + h * d, g * b + h * e, g * c + h * f + i, j * a + k * d, j * b + k * e, j * c + k * f + m)


class Op(BaseModel, ABC):
    """An operation of a policy: its name, its probability and its ranges."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, validate_default=True)

    draws: ClassVar[int] = 0
    """Number of uniform numbers that the operation needs."""
    neutral: ClassVar[dict[str, float]] = {}
    """For each range that grows with a magnitude, the value at which it does nothing."""

    op: str
    """The operation's name."""
    p: Probability = 1.0
    """Probability that it is applied to an image."""

    def scaled(self, magnitude: float) -> Self:
        """Return the operation with ranges moved towards no effect: magnitude 0 has none, 1 changes nothing."""
        update: dict[str, Any] = {
            name: tuple(at + magnitude * (bound - at) for bound in getattr(self, name))
            for name, at in self.neutral.items()
        }
        return self.model_copy(update=update)

    def always(self) -> Self:
        """Return the operation with probability 1."""
        return self.model_copy(update={"p": 1.0})


Sampled = tuple[Op, Uniforms]
"""An operation that will be applied, with its uniform numbers."""


class Affine(Op):
    """A linear change of geometry."""

    @abstractmethod
    def inverse(self, u: Uniforms) -> Matrix:
        """Return the matrix from points of the output to points of the input."""


class Warp(Op):
    """A change of geometry that a 2×3 matrix cannot express."""

    @abstractmethod
    def pull(
        self, points: NDArray[np.float32], size: int, u: Uniforms, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """Return the point of the input for each point of the output.

        Args:
            points: float32 [size, size, 2], (x, y) in [-1, 1]², of the output. Not to be changed.
            size: side of the output image in pixels.
            u: uniform numbers.
            rng: for fields of noise.

        Returns:
            float32 [size, size, 2].
        """


class Tone(Op):
    """A change of values that does not depend on the position."""

    @abstractmethod
    def table(self, channels: int, paper: Picture, u: Uniforms) -> Picture:
        """Return the new value of each value, uint8 [256], or [256, channels] where channels differ."""


class Pixel(Op):
    """Any other change, of the image at its final size."""

    @abstractmethod
    def apply(self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator) -> tuple[Picture, Picture]:
        """Return the changed image [H, W, C] and its paper colour [C]. `image` may be overwritten, `paper` not."""


class Choice(Op):
    """A random choice of other operations."""

    @abstractmethod
    def choose(self, u: Uniforms, rng: np.random.Generator) -> list[Sampled]:
        """Return the operations to apply, in order."""


class OperationSequence:
    """Operations in the order of a policy, with the positions of their uniform numbers."""

    def __init__(self, ops: Sequence[Op]) -> None:
        starts = np.cumsum([0, *(1 + op.draws for op in ops)]).tolist()
        self._steps = [(op, op.p, at, at + 1 + op.draws) for op, at in zip(ops, starts[:-1], strict=True)]
        self._total = int(starts[-1])

    def sample(self, rng: np.random.Generator) -> list[Sampled]:
        """Return the operations that are applied, with their numbers; all numbers are sampled in one call."""
        u = rng.random(self._total).tolist()
        sampled: list[Sampled] = []
        for op, p, start, stop in self._steps:
            if u[start] >= p:
                continue
            if isinstance(op, Choice):
                sampled.extend(op.choose(u[start + 1 : stop], rng))
            else:
                sampled.append((op, u[start + 1 : stop]))
        return sampled
