"""Parameters and multiplications of a backbone, counted without memory for its tensors."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch.utils.flop_counter import FlopCounterMode

from sketchfit.config.model import ModelSection
from sketchfit.models.backbone import build_network
from sketchfit.models.faults import in_one_sentence


@lru_cache(maxsize=256)
def count_cost(backbone: str, size: int) -> tuple[float, float]:
    """Return millions of parameters and billions of multiplications of a forward pass of one image.

    Convolutions and products of matrices are counted; the classifier has 1,000 classes.

    Args:
        backbone: timm's name.
        size: side of the input in pixels.

    Raises:
        UserError: there is no such backbone, or it does not take this size.
    """
    section = ModelSection(backbone=backbone, input_size=size, pretrained=False)
    what = f"counting the operations of {backbone} at {size} pixels"
    with in_one_sentence(section, what), torch.random.fork_rng(devices=[]), torch.device("meta"):
        model = build_network(section, 1000, load_weights=False).model.eval()
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            model(torch.empty(1, 3, size, size))
    params = sum(parameter.numel() for parameter in model.parameters())
    return params / 1e6, counter.get_total_flops() / 2e9
