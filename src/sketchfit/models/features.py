"""The values that a network's head reads, next to its logits, from one forward pass."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from sketchfit.models.feature_network import FeatureNetwork

CLOSE = 1e-4
"""Largest difference of a logit from the model's own, absolute and relative."""


def logits_and_features(model: nn.Module, images: Tensor) -> tuple[Tensor, Tensor]:
    """Return logits float [B, C] and features float [B, D] of images float [B, 3, H, W].

    Features are the pooled values before the classifier; of a head in closed form, the scaled features.

    Raises:
        Exception: some models have none; see `feature_width`.
    """
    if isinstance(model, FeatureNetwork):
        return model.logits_and_features(images)
    network: Any = model
    last = network.forward_features(images)
    features: Tensor = network.forward_head(last, pre_logits=True)
    return network.forward_head(last), features.flatten(1)


def feature_width(model: nn.Module, images: Tensor) -> int:
    """Return the number of features; 0 where the model has none, or where it computes more than they and its head do.

    Args:
        model: in evaluation mode.
        images: float [B, 3, H, W].
    """
    with torch.no_grad():
        expected = model(images)
        try:
            logits, features = logits_and_features(model, images)
        except Exception:  # what models raise that have no features, or several maps
            return 0
    same = logits.shape == expected.shape and torch.allclose(logits, expected, rtol=CLOSE, atol=CLOSE)
    returns_logits = features.shape == logits.shape and torch.equal(features, logits)
    return int(features.shape[1]) if same and not returns_logits else 0
