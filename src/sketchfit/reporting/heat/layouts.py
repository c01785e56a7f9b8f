"""Where a layer's output has its places: read from its shape, and checked by changing parts of the image.

Shapes alone mislead: hiera returns its tokens in the order of its windows, and a square number of them looks like rows
and columns. So a quarter of the image is changed, and the output must change most in the same quarter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

SMALLEST_MAP = 4
"""Smallest side, in cells, of a map that locates anything."""

OWN_QUARTER = 0.35
"""Smallest share of the change that is in the changed quarter; a quarter without any order."""

MOST_PREFIX = 8
"""Most tokens before those of the places that are tried: a class token, one of a distilled model, registers."""


@dataclass(frozen=True)
class MapLayout:
    """How a layer's output is read as a map.

    Attributes:
        tokens: whether the output is [B, prefix + N·N, C]; otherwise it has four dimensions.
        last: whether the channels are the last dimension.
        prefix: tokens that have no place.
    """

    tokens: bool = False
    last: bool = False
    prefix: int = 0

    def maps(self, output: Tensor) -> Tensor:
        """Return an output as [B, C, h, w]."""
        if self.tokens:
            places = output[:, self.prefix :]
            side = math.isqrt(places.shape[1])
            return places.reshape(len(places), side, side, -1).permute(0, 3, 1, 2)
        return output.permute(0, 3, 1, 2) if self.last else output


def quarters(image: Tensor) -> Tensor:
    """Return an image and four copies, each with another quarter replaced by noise: [5, C, H, W] of [1, C, H, W]."""
    copies = image.repeat(5, 1, 1, 1)
    half = image.shape[2] // 2, image.shape[3] // 2
    noise = torch.randn(image.shape[1:], generator=torch.Generator().manual_seed(0)).to(image)
    for number, copy in enumerate(copies[1:]):
        rows, columns = _quarter(number, *half)
        copy[:, rows, columns] = noise[:, rows, columns]
    return copies


def layouts(model: nn.Module, layers: Sequence[nn.Module], copies: Tensor) -> dict[nn.Module, MapLayout]:
    """Return how to read what layers return, in the order of the calls; of several tensors, the first.

    Args:
        model: in evaluation mode.
        layers: of the model; those without a map are left out.
        copies: from `quarters`.
    """
    made: dict[nn.Module, MapLayout] = {}

    def look(layer: nn.Module, _: Any, value: Any) -> None:
        first = value[0] if isinstance(value, tuple) else value
        made.pop(layer, None)
        places = isinstance(first, Tensor) and len(first) == len(copies)  # some fold places into the batch
        if places and (layout := find_layout(first)) is not None:
            made[layer] = layout

    hooks = [layer.register_forward_hook(look) for layer in layers]
    try:
        with torch.no_grad():
            model(copies)
    finally:
        for hook in hooks:
            hook.remove()
    return made


def find_layout(output: Tensor) -> MapLayout | None:
    """Return how to read a layer's output as a map; None where its places are not those of the image.

    Args:
        output: of the pictures of `quarters`.
    """
    found = [(own_quarter(layout.maps(output)), layout) for layout in _possible(output)]
    share, layout = max(found, key=lambda one: one[0], default=(0.0, None))
    return layout if share >= OWN_QUARTER else None


def own_quarter(maps: Tensor) -> float:
    """Return the mean share of the change that is in the changed quarter, 0 … 1, of [5, C, h, w]."""
    height, width = maps.shape[2:]
    change = (maps[1:] - maps[:1]).float().square().sum(dim=1).sqrt()
    shares = []
    for number, one in enumerate(change):
        rows, columns = _quarter(number, height // 2, width // 2)
        shares.append(float(one[rows, columns].mean() / max(_mean_of_quarters(one), 1e-30) / 4))
    return sum(shares) / len(shares)


def _mean_of_quarters(change: Tensor) -> float:
    places = (_quarter(number, change.shape[0] // 2, change.shape[1] // 2) for number in range(4))
    return float(sum(change[rows, columns].mean() for rows, columns in places)) / 4


def _quarter(number: int, height: int, width: int) -> tuple[slice, slice]:
    """Return the places of a quarter; the middle row and column of an odd side are in none of the first."""
    return (slice(-height, None) if number // 2 else slice(height)), (
        slice(-width, None) if number % 2 else slice(width)
    )


def _possible(output: Tensor) -> list[MapLayout]:
    """Return the layouts that a shape allows, with sides of at least `SMALLEST_MAP`."""
    if output.ndim == 4:
        _, first, second, third = output.shape
        return [
            *([MapLayout()] if second == third >= SMALLEST_MAP else []),
            *([MapLayout(last=True)] if first == second >= SMALLEST_MAP else []),
        ]
    if output.ndim != 3:
        return []
    counts = ((prefix, output.shape[1] - prefix) for prefix in range(MOST_PREFIX + 1))
    return [
        MapLayout(tokens=True, prefix=prefix)
        for prefix, count in counts
        if count >= SMALLEST_MAP**2 and math.isqrt(count) ** 2 == count
    ]
