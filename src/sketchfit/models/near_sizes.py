"""Input sizes near the recipe's that a backbone takes, where it does not take the recipe's."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import torch

from sketchfit.config.model import ModelSection
from sketchfit.models.backbone import build_network
from sketchfit.models.input_size import size_hint

STEP = 32
"""Most backbones reduce a picture by this factor."""
TRIED = 4
"""Sizes that are tried below and above."""


def near_sizes_hint(section: ModelSection, others: Sequence[int] = ()) -> str:
    """Return a sentence that names the nearest sizes with which the network computes; empty if the recipe's is one.

    Args:
        section: backbone and input size; no weights are read.
        others: further sizes to try, besides multiples of 32.
    """
    if takes_size(section, section.size):
        return ""
    start = section.size // STEP * STEP
    sizes = {*range(max(STEP, start - (TRIED - 1) * STEP), start + (TRIED + 1) * STEP, STEP), *others} - {section.size}
    below = sorted((size for size in sizes if size < section.size), reverse=True)
    above = sorted(size for size in sizes if size > section.size)
    near = [next((str(size) for size in side if takes_size(section, size)), "") for side in (below, above)]
    named = " or ".join(size for size in near if size)
    return f"Set model.input_size to {named}." if named else size_hint(section)


def takes_size(section: ModelSection, size: int) -> bool:
    """Return whether a network can be built for an input size and computes with it."""
    changed = section.model_copy(update={"input_size": size, "weights": None, "pretrained": False})
    try:
        _compute(changed.model_dump_json())
    except Exception:  # timm and torch raise anything
        return False
    return True


@cache
def _compute(section: str) -> None:
    """Build a network and compute once with it, for a section as JSON; what succeeds is not computed again."""
    model = ModelSection.model_validate_json(section)
    with torch.inference_mode():
        build_network(model, 2).model.eval()(torch.zeros(1, 3, model.size, model.size))
