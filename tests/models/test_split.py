"""Splitting a model above its frozen stages: both parts together compute what the model computes."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from sketchfit._timm import timm
from sketchfit.config.freezing import FreezingSection
from sketchfit.models.freezing import apply_freezing
from sketchfit.models.split import split_model

SPLITS = {
    "test_resnet": (3, "layer3.0"),
    "test_efficientnet": (3, "blocks.2.0"),
    "test_vit": (3, "blocks.2"),
    "test_convnext": (3, "stages.2"),
    "test_byobnet": (3, "stages.2.0"),
    "mobilenetv4_conv_small_035": (3, "blocks.2.0"),
}


def frozen(name: str, first: int) -> nn.Module:
    torch.manual_seed(0)
    model: nn.Module = timm.create_model(name, num_classes=5)
    for module in model.modules():  # statistics that are not those of a new network
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            module.running_var.uniform_(0.5, 2)
    apply_freezing(model, FreezingSection(train="from", first=first), 0, 1)
    return model


def pictures(model: nn.Module, count: int = 3) -> torch.Tensor:
    size = model.pretrained_cfg["input_size"][-1] if hasattr(model, "pos_embed") else 64
    return torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", SPLITS)
def test_both_parts_compute_what_the_model_computes(name):
    first, entry = SPLITS[name]
    model = frozen(name, first)
    images = pictures(model)
    split = split_model(model, images[:2])
    assert split is not None
    assert split.entry == entry
    model.eval()
    maps = split.lower(images)
    assert tuple(maps.shape) == (3, *split.shape)
    torch.testing.assert_close(split.upper(maps), model(images), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["test_resnet", "test_vit"])
def test_gradients_and_statistics_are_those_of_the_model(name):
    model = frozen(name, 3)
    images = pictures(model)
    split = split_model(model, images[:2])
    assert split is not None
    found: list[dict[str, torch.Tensor]] = []
    for call in (lambda: model(images), lambda: split.upper(split.lower(images))):
        model.zero_grad()
        before = {key: value.clone() for key, value in model.state_dict().items()}
        call().square().sum().backward()
        found.append({key: value.grad.clone() for key, value in model.named_parameters() if value.grad is not None})
        found.append({key: value.clone() for key, value in model.state_dict().items() if "running" in key})
        model.load_state_dict(before)
    for one, other in zip(found[:2], found[2:], strict=True):
        assert one.keys() == other.keys()
        for key, value in one.items():
            torch.testing.assert_close(other[key], value, rtol=1e-3, atol=1e-4, msg=key)


def test_the_lower_part_is_a_copy_and_the_modes_stay(monkeypatch):
    model = frozen("test_resnet", 3)
    modes = {name: module.training for name, module in model.named_modules()}
    split = split_model(model, pictures(model))
    assert split is not None
    assert {name: module.training for name, module in model.named_modules()} == modes
    shared = {id(parameter) for parameter in model.parameters()}
    assert not any(id(parameter) in shared or parameter.requires_grad for parameter in split.lower.parameters())
    assert {id(parameter) for parameter in split.upper.parameters()} < shared


class Twice(nn.Module):
    """Calls its first layer twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 3, 1), nn.Linear(3, 2)
        self.conv.requires_grad_(False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.fc(self.conv(self.conv(images)).mean((2, 3)))


class Skips(Twice):
    """Uses its input above the first layer again."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.fc(self.conv(images).mean((2, 3))) + images.sum()


@pytest.mark.parametrize("kind", [Twice, Skips])
def test_other_models_are_not_split(kind):
    assert split_model(kind(), torch.randn(2, 3, 4, 4)) is None


def test_a_model_with_everything_trained_or_with_a_random_frozen_part_is_not_split():
    model = frozen("test_resnet", 0)
    assert split_model(model, pictures(model)) is None
    model = timm.create_model("test_vit", num_classes=5, drop_path_rate=0.5)
    apply_freezing(model, FreezingSection(train="from", first=5), 0, 1)
    assert split_model(model, pictures(model)) is None
