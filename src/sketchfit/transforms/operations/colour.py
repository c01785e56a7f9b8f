"""Colours of paper and ink: greys for one channel, colours for three."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from sketchfit.transforms.operations import operations
from sketchfit.transforms.ops import Picture, Probability, ShareRange, Tone, Uniforms, between, dark_ink

_VALUES = np.arange(256, dtype=np.float32)


@operations.register("invert")
class Invert(Tone):
    """Inverts values: light strokes on dark paper, or dark on light."""

    op: Literal["invert"] = "invert"
    p: Probability = 0.1
    """Probability that it is applied to an image."""

    @override
    def table(self, channels: int, paper: Picture, u: Uniforms) -> Picture:
        return (255 - _VALUES).astype(np.uint8)


@operations.register("fade")
class Fade(Tone):
    """Makes all strokes paler: multiplies their difference from the paper."""

    draws: ClassVar[int] = 1
    neutral: ClassVar[dict[str, float]] = {"strength": 1.0}

    op: Literal["fade"] = "fade"
    strength: ShareRange = (0.4, 0.9)
    """The factor."""

    @override
    def table(self, channels: int, paper: Picture, u: Uniforms) -> Picture:
        strength = between(self.strength, u[0])
        return _tables([ground + strength * (_VALUES - ground) for ground in paper.tolist()])


@operations.register("paper")
class Paper(Tone):
    """Makes the paper slightly grey or coloured; full ink does not change."""

    draws: ClassVar[int] = 4
    neutral: ClassVar[dict[str, float]] = {"amount": 0.0}

    op: Literal["paper"] = "paper"
    amount: ShareRange = (0.03, 0.25)
    """Distance that the paper moves towards the ink, as a share."""
    tint: float = Field(0.5, ge=0, le=1)
    """Share of that which differs between the channels of a coloured image."""

    @override
    def table(self, channels: int, paper: Picture, u: Uniforms) -> Picture:
        ink, tables = 0.0 if dark_ink(paper) else 255.0, []
        for ground, amount in zip(paper.tolist(), _by_channel(self.amount, self.tint, channels, u), strict=True):
            tables.append(_line(ink, ink, ground, ground + amount * (ink - ground)))
        return _tables(tables)


@operations.register("ink")
class Ink(Tone):
    """Makes the ink slightly grey or coloured, as of a pencil or a coloured pen; the paper does not change."""

    draws: ClassVar[int] = 4
    neutral: ClassVar[dict[str, float]] = {"amount": 0.0}

    op: Literal["ink"] = "ink"
    amount: ShareRange = (0.1, 0.5)
    """Distance that full ink moves towards the paper, as a share."""
    tint: float = Field(1.0, ge=0, le=1)
    """Share of that which differs between the channels of a coloured image."""

    @override
    def table(self, channels: int, paper: Picture, u: Uniforms) -> Picture:
        ink, tables = 0.0 if dark_ink(paper) else 255.0, []
        for ground, amount in zip(paper.tolist(), _by_channel(self.amount, self.tint, channels, u), strict=True):
            tables.append(_line(ink, ink + amount * (ground - ink), ground, ground))
        return _tables(tables)


def _by_channel(bounds: tuple[float, float], tint: float, channels: int, u: Uniforms) -> list[float]:
    """Return an amount per channel: one common number, of which each channel keeps a share of 1 − tint to 1."""
    amount = between(bounds, u[0])
    return [amount] if channels == 1 else [amount * (1 - tint * v) for v in u[1 : 1 + channels]]


def _line(x0: float, y0: float, x1: float, y1: float) -> NDArray[np.float32]:
    """Return the straight line through two points at every value; a shift where their x is equal."""
    if x0 == x1:
        return _VALUES + np.float32(y1 - x1)
    return y0 + (_VALUES - np.float32(x0)) * np.float32((y1 - y0) / (x1 - x0))


def _tables(tables: Sequence[NDArray[np.float32]]) -> Picture:
    """Return one table [256], or [256, C] for several channels."""
    stacked = np.stack(tables, axis=1) if len(tables) > 1 else tables[0]
    return np.rint(stacked.clip(0, 255)).astype(np.uint8)  # type: ignore[no-any-return]
