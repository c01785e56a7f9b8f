"""What an operation is: a checked set of ranges that turns uniform numbers in [0, 1) into an effect.

Four kinds, by what they do, so that a policy's operations can be fused:

- `Affine` gives a 2×3 matrix, `Warp` moves points; all of both in a policy become one resampling of the picture.
- `Tone` gives a table of 256 values; neighbours become one look-up.
- `Pixel` does anything else to the picture at its final size.
- `Choice` draws other operations.

An operation doesn't draw its own scalars: it says how many uniform numbers it needs, and gets them. Only what has no
fixed number of draws (a field of noise, the operations that a `Choice` chooses) comes from the generator passed along.
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
        raise ValueError(f"shares lie between 0 and 1; got {list(bounds)}")
    return bounds


Range = Annotated[tuple[float, float], AfterValidator(_ordered)]
"""[lowest, highest], from which a value is drawn uniformly."""
AmountRange = Annotated[Range, AfterValidator(_not_negative)]
"""A range of values from 0."""
PositiveRange = Annotated[Range, AfterValidator(_positive)]
"""A range of values above 0."""
ShareRange = Annotated[Range, AfterValidator(_share)]
"""A range within [0, 1]."""
Probability = Annotated[float, Field(ge=0, le=1)]
"""A number within [0, 1]."""


def between(bounds: tuple[float, float], u: float) -> float:
    """The value at `u` in [0, 1) of the range `bounds`."""
    return bounds[0] + u * (bounds[1] - bounds[0])


def pixels(length: float, image: Picture) -> float:
    """A length in 128ths of the picture's side, in pixels."""
    return length * float(image.shape[0]) / 128


def dark_ink(paper: Picture) -> bool:
    """Whether strokes are darker than the paper [C]: so where the paper is the lighter half of grey."""
    return 2 * int(paper.astype(np.int64).sum()) > 255 * len(paper)


def ink_of(image: Picture, paper: Picture) -> Picture:
    """How far each pixel is from the paper in the channel where it is farthest: uint8 [H, W]."""
    ground = np.empty_like(image)
    ground[:] = paper
    away = cv2.absdiff(image, ground).reshape(image.shape)
    return away[:, :, 0] if image.shape[2] == 1 else away.max(axis=2)  # type: ignore[return-value]


def paper_after(before: Picture, after: Picture, paper: Picture) -> Picture:
    """The colour that paper became between two pictures of the same shape: seen at the first pixel that was paper."""
    bare = np.flatnonzero((before == paper).all(axis=2).reshape(-1))
    return after.reshape(-1, after.shape[2])[bare[0]].copy() if len(bare) else paper


def compose(first: Matrix, then: Matrix) -> Matrix:
    """The matrix that applies `first` and `then` after it."""
    a, b, c, d, e, f = first
    g, h, i, j, k, m = then
    return (g * a + h * d, g * b + h * e, g * c + h * f + i, j * a + k * d, j * b + k * e, j * c + k * f + m)


class Op(BaseModel, ABC):
    """An operation of a policy: its name, its probability and its ranges."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, validate_default=True)

    draws: ClassVar[int] = 0
    """How many uniform numbers the operation needs."""
    neutral: ClassVar[dict[str, float]] = {}
    """For each range that grows with a magnitude: the value at which it does nothing."""

    op: str
    """The operation's name."""
    p: Probability = 1.0
    """Probability that it is applied to a picture."""

    def scaled(self, magnitude: float) -> Self:
        """The same operation with its ranges drawn together towards doing nothing: magnitude 0 does nothing, 1 is as
        written."""
        update: dict[str, Any] = {
            name: tuple(at + magnitude * (bound - at) for bound in getattr(self, name))
            for name, at in self.neutral.items()
        }
        return self.model_copy(update=update)

    def sure(self) -> Self:
        """The same operation, always applied."""
        return self.model_copy(update={"p": 1.0})


Drawn = tuple[Op, Uniforms]
"""An operation that will be applied, with its uniform numbers."""


class Affine(Op):
    """A linear change of geometry."""

    @abstractmethod
    def inverse(self, u: Uniforms) -> Matrix:
        """Where in the operation's input each point of its output comes from."""


class Warp(Op):
    """A change of geometry that no matrix 2×3 can say."""

    @abstractmethod
    def pull(
        self, points: NDArray[np.float32], size: int, u: Uniforms, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """Where in the operation's input each point of its output comes from.

        Args:
            points: float32 [size, size, 2], (x, y) in [-1, 1]²: the points asked for. Not to be changed.
            size: side of the output picture in pixels.
            u: uniform numbers.
            rng: for fields of noise.

        Returns:
            float32 [size, size, 2].
        """


class Tone(Op):
    """A change of values that doesn't depend on the place."""

    @abstractmethod
    def table(self, channels: int, paper: Picture, u: Uniforms) -> Picture:
        """The new value of each value: uint8 [256], or [256, channels] where channels differ."""


class Pixel(Op):
    """Anything else, on the picture at its final size."""

    @abstractmethod
    def apply(self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator) -> tuple[Picture, Picture]:
        """The changed picture [H, W, C] and its paper colour [C]; the picture given may be overwritten, the paper
        not."""


class Choice(Op):
    """A draw among other operations."""

    @abstractmethod
    def choose(self, u: Uniforms, rng: np.random.Generator) -> list[Drawn]:
        """The operations to apply, in order."""


class Plan:
    """Operations in the order of a policy, with the layout of their uniform numbers."""

    def __init__(self, ops: Sequence[Op]) -> None:
        starts = np.cumsum([0, *(1 + op.draws for op in ops)]).tolist()
        self._steps = [(op, op.p, at, at + 1 + op.draws) for op, at in zip(ops, starts[:-1], strict=True)]
        self._total = int(starts[-1])

    def draw(self, rng: np.random.Generator) -> list[Drawn]:
        """Which operations are applied, with which numbers: all drawn in one call."""
        u = rng.random(self._total).tolist()
        drawn: list[Drawn] = []
        for op, p, start, stop in self._steps:
            if u[start] >= p:
                continue
            if isinstance(op, Choice):
                drawn.extend(op.choose(u[start + 1 : stop], rng))
            else:
                drawn.append((op, u[start + 1 : stop]))
        return drawn
