"""Other paper and other ink: inverted, shaded, tinted. A picture of one channel gets the shade alone."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from sketchfit.transforms.ink import ink_amount, to_table
from sketchfit.transforms.ops import Picture, Range, Tone, Uniforms, between


class Invert(Tone):
    """Chalk on a blackboard: every value becomes 255 minus itself, the paper's too."""

    op: Literal["invert"] = "invert"
    p: float = 0.5
    """Probability that it is applied to a picture."""

    @override
    def table(self, channels: int, paper: Picture, u: Uniforms) -> Picture:
        """Its own inverse."""
        return np.arange(255, -1, -1, dtype=np.uint8)


class PaperColor(Tone):
    """Colours the paper and leaves full ink as it is; what lies between follows by its share of paper."""

    draws: ClassVar[int] = 4
    neutral: ClassVar[dict[str, float]] = {"shade": 0.0, "tint": 0.0}

    op: Literal["paper_color"] = "paper_color"
    shade: Range = (0.0, 0.2)
    """How far the paper moves towards the ink's end of the scale, as a share of 255: white paper darkens."""
    tint: Range = (0.0, 0.15)
    """The same once more, for each channel on its own."""

    @override
    def table(self, channels: int, paper: Picture, u: Uniforms) -> Picture:
        """Moves each value by its share of paper."""
        values = np.arange(256, dtype=np.float32)[:, None]
        return to_table(values + _inwards(paper) * _moves(self.shade, self.tint, u, channels) * (1 - ink_amount(paper)))


class InkColor(Tone):
    """Colours the ink and leaves the paper as it is; what lies between follows by its share of ink."""

    draws: ClassVar[int] = 4
    neutral: ClassVar[dict[str, float]] = {"shade": 0.0, "tint": 0.0}

    op: Literal["ink_color"] = "ink_color"
    shade: Range = (0.0, 0.3)
    """How far full ink moves towards the paper's end of the scale, as a share of 255: black ink becomes grey."""
    tint: Range = (0.0, 0.4)
    """The same once more, for each channel on its own."""

    @override
    def table(self, channels: int, paper: Picture, u: Uniforms) -> Picture:
        """Moves each value by its share of ink."""
        values = np.arange(256, dtype=np.float32)[:, None]
        return to_table(values - _inwards(paper) * _moves(self.shade, self.tint, u, channels) * ink_amount(paper))


def _inwards(paper: Picture) -> NDArray[np.float32]:
    """-1 for channels whose paper is light, 1 for those whose paper is dark."""
    return np.where(paper >= 128, -1, 1).astype(np.float32)


def _moves(shade: Range, tint: Range, u: Uniforms, channels: int) -> NDArray[np.float32]:
    even = between(shade, u[0])
    single = [between(tint, number) if channels > 1 else 0.0 for number in u[1 : 1 + channels]]
    return np.array([255 * (even + move) for move in single], np.float32)
