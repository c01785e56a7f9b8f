"""What linear heads in closed form share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sketchfit.bank.heads import Head
from sketchfit.bank.without_rows import WithoutRows
from sketchfit.models.linear_network import LinearNetwork
from sketchfit.models.pooling import Pooling

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Strength:
    """The only setting of a head: of its penalty."""

    value: float

    def __str__(self) -> str:
        return f"strength {self.value:g}"


@dataclass(frozen=True)
class LinearRows:
    """A fit of linear heads on all rows.

    Attributes:
        without: returns the fit without rows int64 [s].
        note: what the user should know of it.
    """

    without: Callable[[Rows], WithoutRows[Any]]
    note: str = ""

    def fold(self, removed: Rows) -> WithoutRows[Any]:
        """Return the fit without some rows."""
        return self.without(removed)

    def scores_by(self, heads: Sequence[Head], kept: Sequence[Rows], features: Floats) -> list[Floats]:  # noqa: ARG002
        """Return the scores of other rows by several heads."""
        return [head.scores(features) for head in heads]


class LinearForm:
    """A kind of head that is linear in the scaled features."""

    module = LinearNetwork

    def network(self, head: Head, model: nn.Module, pooling: Pooling) -> LinearNetwork:
        """Return a network with a fitted head."""
        buffers = {"weight": torch.from_numpy(head.weight), "bias": torch.from_numpy(head.bias)}
        return LinearNetwork.of_head(model, pooling, len(head.weight), buffers)
