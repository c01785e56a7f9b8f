"""Heads: what they compute, and that features can still be taken as timm gives them."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from sketchfit._timm import timm
from sketchfit.config.head import HeadSection
from sketchfit.errors import UserError
from sketchfit.models.classifier import Classifier, attach_head, classifier_names, classify, features_of
from sketchfit.models.head_modules import LinearHead

BACKBONES = ["test_efficientnet", "test_vit", "test_coatnet", "test_convnext", "test_resnet"]


@pytest.fixture(scope="module", params=BACKBONES)
def backbone(request) -> nn.Module:
    sized = {"img_size": 64} if request.param in ("test_vit", "test_coatnet") else {}
    return timm.create_model(request.param, pretrained=False, num_classes=3, **sized)


def images(rows: int = 2) -> torch.Tensor:
    return torch.randn(rows, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def parts(model: nn.Module) -> tuple[torch.Tensor, torch.Tensor, nn.Module]:
    """Pooled features, logits, and the module between."""
    with torch.no_grad():
        features = model.forward_head(model.forward_features(images()), pre_logits=True)
        (name,) = classifier_names(model)
        return features, model(images()), model.get_submodule(name)


@pytest.mark.parametrize("name", ["linear", "mlp", "cosine"])
def test_logits_are_the_heads_of_the_features(backbone, name):
    backbone.eval()
    before = parts(backbone)[0]
    attach_head(backbone, HeadSection.model_validate({"name": name, "dropout": 0.4}), 7)
    backbone.eval()
    features, logits, head = parts(backbone)
    assert logits.shape == (2, 7)
    assert backbone.num_classes == 7
    assert torch.equal(features, before)
    torch.testing.assert_close(head(features), logits)


@pytest.mark.parametrize("name", ["resnetv2_18", "dla46_c", "dpn48b", "test_resnet"])
def test_a_classifier_of_features_is_the_networks_also_where_it_is_a_convolution(name):
    model = timm.create_model(name, pretrained=False, num_classes=3).eval()
    with torch.no_grad():
        classifier = model.get_submodule(*classifier_names(model))
        logits = classify(classifier, features_of(model, images()))
        torch.testing.assert_close(logits, model(images()))
        torch.testing.assert_close(Classifier(classifier)(features_of(model, images())), logits)


def test_plain_linear_is_timms(backbone):
    attach_head(backbone, HeadSection.standard(), 4)
    (name,) = classifier_names(backbone)
    assert type(backbone.get_submodule(name)) is nn.Linear


def test_a_head_replaces_any_other(backbone):
    for name in ("mlp", "cosine", "linear", "cosine", "mlp"):
        attach_head(backbone, HeadSection.model_validate(name), 5)
        assert backbone(images()).shape == (2, 5)


def model_with(**section) -> tuple[nn.Module, nn.Module]:
    model = timm.create_model("test_resnet", pretrained=False, num_classes=3)
    attach_head(model, HeadSection.model_validate(section), 5)
    return model, model.fc


def test_cosine_logits_are_scaled_cosines():
    model, head = model_with(name="cosine", scale=12.0)
    model.eval()
    features, logits, _ = parts(model)
    expected = 12 * F.cosine_similarity(features[:, None], head.weight[None], dim=2)
    torch.testing.assert_close(logits, expected)
    torch.testing.assert_close(head(features * 50), logits)  # length doesn't count


def test_cosine_stays_in_float32_under_autocast():
    _, head = model_with(name="cosine")
    features = torch.randn(3, head.weight.shape[1])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = head(features)
    assert logits.dtype == torch.float32
    assert torch.equal(logits, head(features))


def test_mlp_by_hand():
    _, head = model_with(name="mlp", hidden=11)
    head.eval()
    x = torch.randn(4, head.norm.normalized_shape[0]) + 3
    normed = (x - x.mean(1, keepdim=True)) / (x.var(1, unbiased=False, keepdim=True) + 1e-5).sqrt()
    hidden = normed @ head.hidden.weight.T + head.hidden.bias
    gelu = hidden * 0.5 * (1 + torch.erf(hidden / 2**0.5))
    assert gelu.shape == (4, 11)
    torch.testing.assert_close(head(x), gelu @ head.fc.weight.T + head.fc.bias)
    _, plain = model_with(name="mlp", norm=False)
    assert plain.hidden.out_features == plain.hidden.in_features
    assert isinstance(plain.norm, nn.Identity)


@pytest.mark.parametrize("name", ["linear", "mlp", "cosine"])
def test_dropout_drops_in_training_alone(name):
    torch.manual_seed(0)
    _, head = model_with(name=name, dropout=0.5)
    _, sure = model_with(name=name)
    x = torch.randn(3, 96)
    head.train()
    assert not torch.equal(head(x), head(x))
    head.eval()
    assert torch.equal(head(x), head(x))
    sure.train()
    assert torch.equal(sure(x), sure(x))


def test_linear_with_dropout_takes_plain_weights():
    head = LinearHead(4, 3, 0.2)
    head.load_state_dict(nn.Linear(4, 3).state_dict())


def test_convolutional_classifier_and_distilled_one():
    section = HeadSection.model_validate("mlp")
    conv = timm.create_model("test_nfnet", pretrained=False, num_classes=3)
    conv.head.fc = nn.Conv2d(conv.num_features, 3, 1)
    conv.head.use_conv, conv.head.flatten = True, nn.Flatten(1)
    conv.head.global_pool = timm.layers.SelectAdaptivePool2d(pool_type="avg", flatten=False)
    attach_head(conv, section, 5)
    assert conv(images()).shape == (2, 5)

    twin = timm.models.deit.VisionTransformerDistilled(img_size=32, embed_dim=16, depth=1, num_heads=2, num_classes=3)
    assert classifier_names(twin) == ("head", "head_dist")
    with pytest.raises(UserError, match="no single linear classifier"):
        attach_head(twin, section, 5)
    attach_head(twin, HeadSection.standard(), 5)
    assert twin.eval()(images()[:, :, :32, :32]).shape == (2, 5)


def test_the_linear_layer_next_to_pooling_is_replaced(monkeypatch):
    model = timm.create_model("test_nfnet", pretrained=False, num_classes=3)
    monkeypatch.setattr(type(model), "get_classifier", lambda self: self.head)  # as Sequencer and SAM have it
    before, pooling = model.head.fc, model.head.global_pool
    attach_head(model, HeadSection.model_validate("cosine"), 5)
    assert model.head.global_pool is pooling
    assert model.head.fc is not before
    assert model(images()).shape == (2, 5)
