"""Which kind of normalisation a backbone has, without its weights."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch.nn.modules.batchnorm import _NormBase

from sketchfit._timm import timm

OTHERS = ("LayerNorm", "GroupNorm", "RmsNorm", "RMSNorm")
"""Parts of the names of layers that normalise each picture alone."""


@lru_cache(maxsize=64)
def has_batch_norms(backbone: str) -> bool:
    """Return whether more layers of a backbone are batch norms than other norms; it is built without memory.

    Args:
        backbone: name of timm, which exists.

    Examples:
        >>> has_batch_norms("mobilenetv2_100"), has_batch_norms("convnext_atto")
        (True, False)
    """
    with torch.device("meta"):
        model = timm.create_model(backbone, pretrained=False)
    batch = sum(isinstance(layer, _NormBase) for layer in model.modules())
    return batch > sum(any(kind in type(layer).__name__ for kind in OTHERS) for layer in model.modules())
