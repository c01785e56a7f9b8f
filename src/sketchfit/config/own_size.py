"""The input size that a backbone's weights were trained with; timm is imported only where it is needed."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

USUAL = 224
"""Side in pixels where timm has no figure."""


@lru_cache(maxsize=256)
def own_input_size(backbone: str) -> int:
    """Return the side of a backbone's own input in pixels, by its name in timm with its tag.

    >>> own_input_size("inception_v3")
    299
    """
    config = _config(backbone)
    return int(config.input_size[-1]) if config is not None and config.input_size else USUAL


@lru_cache(maxsize=256)
def has_one_size(backbone: str) -> bool:
    """Return whether a backbone is built for the input size of its weights: position embeddings, windows, token mixers.

    >>> has_one_size("mixer_b16_224"), has_one_size("resnet18")
    (True, False)
    """
    config = _config(backbone)
    return config is not None and bool(config.fixed_input_size)


def _config(backbone: str) -> Any:
    """Return timm's configuration of a backbone; None where it has none."""
    from sketchfit._timm import timm

    try:
        return timm.get_pretrained_cfg(backbone)
    except RuntimeError:
        return None  # an unknown tag; the check of the backbone reports it
