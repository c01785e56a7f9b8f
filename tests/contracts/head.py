"""The contract of heads."""

from __future__ import annotations

import torch

from sketchfit._timm import timm
from sketchfit.config.head import HeadSection
from sketchfit.models.classifier import attach_head, classifier_names
from tests.contracts.settings import check_settings


def check_head(section: HeadSection) -> None:
    """Check a head: it replaces timm's classifier, leaves the features unchanged, and drops only in training."""
    check_settings(HeadSection, section)
    model = timm.create_model("test_resnet", pretrained=False, num_classes=3).eval()
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    before = _features(model, images)
    attach_head(model, section, 7)
    model.eval()
    (name,) = classifier_names(model)
    head, features, logits = model.get_submodule(name), _features(model, images), model(images)
    assert model.num_classes == 7
    assert logits.shape == (2, 7)
    assert torch.equal(features, before)
    torch.testing.assert_close(head(features), logits)
    if section.logit_scale is not None:
        assert logits.abs().max() <= section.logit_scale
    head.train()
    assert torch.equal(head(features), head(features)) == (section.dropout == 0)
    logits.sum().backward()
    assert all(parameter.grad is not None for parameter in head.parameters())


def _features(model: torch.nn.Module, images: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return model.forward_head(model.forward_features(images), pre_logits=True)
