"""Features are what the head reads."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from sketchfit._timm import timm
from sketchfit.models.features import feature_width, logits_and_features


@pytest.mark.parametrize("name", ["test_resnet", "test_efficientnet", "test_convnext"])
def test_the_classifier_makes_the_logits_of_the_features(name: str) -> None:
    torch.manual_seed(0)
    model = timm.create_model(name, num_classes=5).eval()
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        logits, features = logits_and_features(model, images)
        torch.testing.assert_close(model.get_classifier()(features), logits)
        torch.testing.assert_close(model(images), logits)
    assert feature_width(model, images) == features.shape[1] == model.get_classifier().in_features


class DoesMore(nn.Module):
    """Its logits are not those of its features alone."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.forward_head(self.forward_features(images)) + 1

    def forward_features(self, images: torch.Tensor) -> torch.Tensor:
        return images

    def forward_head(self, last: torch.Tensor, pre_logits: bool = False) -> torch.Tensor:
        pooled = last.mean((2, 3))
        return pooled if pre_logits else 2 * pooled


class ReturnsLogits(DoesMore):
    """It has no values before its logits."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.forward_head(images)

    def forward_head(self, last: torch.Tensor, pre_logits: bool = False) -> torch.Tensor:
        return last.mean((2, 3))


@pytest.mark.parametrize("model", [DoesMore(), ReturnsLogits(), nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())])
def test_models_without_features(model: nn.Module) -> None:
    assert feature_width(model, torch.randn(2, 3, 4, 4)) == 0
