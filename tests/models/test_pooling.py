"""What is pooled, compared with outputs that hooks take from the layers, and with timm's own last map."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from sketchfit._timm import timm
from sketchfit.models.classifier import features_of
from sketchfit.models.pooling import NoFeaturesError, find_pooling

CPU = torch.device("cpu")
SWIN = {"embed_dim": 8, "depths": (1, 1, 1, 1), "num_heads": (1, 1, 2, 2), "img_size": 64, "window_size": 2}


def make(name: str, **arguments: Any) -> nn.Module:
    torch.manual_seed(0)
    model: nn.Module = timm.create_model(name, num_classes=3, **arguments).eval()
    return model


def pictures(size: int, count: int = 2) -> Tensor:
    return torch.randn((count, 3, size, size), generator=torch.Generator().manual_seed(1))


def hooked(model: nn.Module, names: list[str], images: Tensor) -> list[Tensor]:
    """Outputs of layers, by hooks."""
    found: dict[str, Tensor] = {}
    for name in names:
        model.get_submodule(name).register_forward_hook(lambda _, __, out, name=name: found.update({name: out}))
    with torch.inference_mode():
        model(images)
    return [found[name] for name in names]


@pytest.mark.parametrize(
    ("name", "size", "layout", "arguments"),
    [
        ("test_resnet", 32, "NCHW", {}),
        ("test_efficientnet", 32, "NCHW", {}),
        ("test_convnext", 64, "NCHW", {}),
        ("test_mambaout", 64, "NHWC", {}),
        ("swin_tiny_patch4_window7_224", 64, "NHWC", SWIN),
        ("test_coatnet", 160, "NCHW", {}),
        ("test_vit", 160, "tokens", {}),
    ],
)
def test_the_last_blocks_are_mean_and_maximum_of_the_last_map(
    name: str, size: int, layout: str, arguments: dict[str, Any]
) -> None:
    model, images = make(name, **arguments), pictures(size)
    pooling = find_pooling(model, size, CPU)
    with torch.inference_mode():
        found, last = pooling(images), model.forward_features(images)  # type: ignore[operator]
    assert found.dtype == torch.float32
    assert found.shape == (2, sum(pooling.widths))
    blocks = found.split(pooling.widths, dim=1)
    if layout == "tokens":
        assert torch.allclose(blocks[-1], last[:, 0], atol=1e-5)
        blocks, places = blocks[:-1], last[:, 1:]
    else:
        places = (last.permute(0, 2, 3, 1) if layout == "NCHW" else last).flatten(1, 2)
    assert torch.allclose(blocks[-2], places.mean(1), atol=1e-5)
    assert torch.allclose(blocks[-1], places.amax(1), atol=1e-5)


def test_a_last_stage_that_is_the_last_map_is_taken_once() -> None:
    model, images = make("test_resnet"), pictures(32)
    pooling = find_pooling(model, 32, CPU)
    layers = hooked(model, ["layer1", "layer2", "layer3", "layer4"], images)
    with torch.inference_mode():
        blocks = pooling.blocks(images)
    expected = [layer.mean((2, 3)) for layer in layers] + [layers[-1].amax((2, 3))]
    assert len(blocks) == len(expected)
    assert all(torch.allclose(one, other, atol=1e-6) for one, other in zip(blocks, expected, strict=True))


def test_stages_before_a_wider_last_map_are_the_last_four() -> None:
    model, images = make("test_efficientnet"), pictures(32)
    pooling = find_pooling(model, 32, CPU)
    layers = hooked(model, [f"blocks.{number}" for number in range(5)], images)
    with torch.inference_mode():
        blocks = pooling.blocks(images)
    assert pooling.widths == (24, 32, 48, 64, 256, 256)
    for one, layer in zip(blocks, layers[1:], strict=False):
        assert torch.allclose(one, layer.mean((2, 3)), atol=1e-6)


def test_of_a_plain_transformer_the_ends_of_four_quarters_are_taken() -> None:
    model, images = make("test_vit", depth=8), pictures(160)
    pooling = find_pooling(model, 160, CPU)
    layers = hooked(model, [f"blocks.{number}" for number in (1, 3, 5, 7)], images)
    with torch.inference_mode():
        blocks = pooling.blocks(images)
    assert pooling.stages == (1, 3, 5, 7)
    for one, layer in zip(blocks, layers, strict=False):
        assert torch.allclose(one, layer[:, 1:].mean(1), atol=1e-5)  # without the class token


def test_registers_are_neither_places_nor_a_class_token() -> None:
    model, images = make("test_vit", class_token=False, reg_tokens=3, global_pool="avg"), pictures(160)
    pooling = find_pooling(model, 160, CPU)
    with torch.inference_mode():
        blocks, last = pooling.blocks(images), model.forward_features(images)  # type: ignore[operator]
    assert torch.allclose(blocks[-2], last[:, 3:].mean(1), atol=1e-5)
    assert torch.allclose(blocks[-1], last[:, 3:].amax(1), atol=1e-5)


def test_a_model_without_stages_gives_its_own_pooled_features(monkeypatch: pytest.MonkeyPatch) -> None:
    model, images = make("test_resnet"), pictures(32)
    monkeypatch.setattr(type(model), "forward_intermediates", property(lambda _: 1 / 0))
    pooling = find_pooling(model, 32, CPU)
    with torch.inference_mode():
        assert torch.equal(pooling(images), features_of(model, images))
    assert pooling.widths == (96,)


def test_a_model_without_features_is_reported() -> None:
    with pytest.raises(NoFeaturesError, match="Sequential"):
        find_pooling(nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 2)), 32, CPU)


def test_features_of_half_precision_are_float32() -> None:
    model, images = make("test_resnet"), pictures(32)
    pooling = find_pooling(model, 32, CPU)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        assert pooling(images).dtype == torch.float32


@pytest.mark.parametrize(("name", "size"), [("test_resnet", 32), ("test_vit", 160)])
def test_the_logits_of_the_own_head_are_the_last_block(name: str, size: int) -> None:
    model, images = make(name), pictures(size)
    plain = find_pooling(model, size, CPU)
    both = plain.with_logits()
    with torch.inference_mode():
        features, found, expected = plain(images), both(images), model(images)
    assert both.widths == (*plain.widths, 3)
    assert torch.equal(found[:, :-3], features)
    assert torch.allclose(found[:, -3:], expected, atol=1e-5)
