"""Which layer of a network a heat map is made of.

- Vision transformers, and others whose stages return tokens: the output of the first block or stage, where a token
  still stands for its patch. Attention and mixing move information to other tokens later.
- Others: the last of timm's stages with a map of at least 4 × 4 places that are those of the image (`layouts`).

Models of several scales that are computed next to one another have neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from sketchfit.reporting.heat.layouts import MapLayout, layouts, quarters


@dataclass(frozen=True)
class Target:
    """A layer, and how its output is read as a map."""

    layer: nn.Module
    layout: MapLayout


def find_target(model: nn.Module, image: Tensor) -> Target | None:
    """Find the layer that a heat map is made of; None where no layer has a map.

    Args:
        model: a timm model, in evaluation mode.
        image: float [1, 3, H, W], any input of the size that it was built for.
    """
    first, stages = _first_block(model), _stages(model)
    known = layouts(model, [*first, *stages], quarters(image))
    usable = [
        *(one for one in first if one in known and known[one].tokens),
        *(one for one in reversed(stages) if one in known and not known[one].tokens),
        *(one for one in stages if one in known),
    ]
    return Target(usable[0], known[usable[0]]) if usable else None


def _first_block(model: nn.Module) -> list[nn.Module]:
    """Return the first block of a vision transformer, else nothing."""
    blocks = getattr(model, "blocks", None)
    found = isinstance(blocks, nn.ModuleList | nn.Sequential) and len(blocks) and hasattr(model, "num_prefix_tokens")
    return [blocks[0]] if found else []  # type: ignore[index]


def _stages(model: nn.Module) -> list[nn.Module]:
    """Return the layers of timm's feature information; some models name none of theirs."""
    info: Any = getattr(model, "feature_info", None) or []
    named = dict(model.named_modules())
    names = [one.get("module") for one in getattr(info, "info", info)]
    return [named[name] for name in names if name in named]
