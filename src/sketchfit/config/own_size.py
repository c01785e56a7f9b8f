"""The input size that a backbone's weights were trained with; timm is imported only where it is needed."""

from __future__ import annotations

from functools import lru_cache

USUAL = 224
"""Side in pixels where timm has no figure."""


@lru_cache(maxsize=256)
def own_input_size(backbone: str) -> int:
    """Return the side of a backbone's own input in pixels, by its name in timm with its tag.

    >>> own_input_size("inception_v3")
    299
    """
    from sketchfit._timm import timm

    try:
        config = timm.get_pretrained_cfg(backbone)
    except RuntimeError:
        config = None  # an unknown tag; the check of the backbone reports it
    return int(config.input_size[-1]) if config is not None and config.input_size else USUAL
