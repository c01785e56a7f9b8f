"""Networks trained to answer by one corner: the heat map must point there."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sketchfit._timm import timm
from sketchfit.reporting.run.attribution import attribute, find_target, overlay

SIZE = 64


def _pictures(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Noise with a bright square somewhere; class 1 has one in the top left corner, class 0 never has."""
    rng = np.random.default_rng(seed)
    images = rng.normal(0, 0.3, (count, 3, SIZE, SIZE)).astype(np.float32)
    label = rng.integers(0, 2, count)
    for image, one in zip(images, label, strict=True):
        for _ in range(1):
            y, x = rng.integers(0, SIZE - 12, 2)
            if y > 30 or x > 30:
                image[:, y : y + 12, x : x + 12] += 2
        if one:
            y, x = rng.integers(0, 5, 2)
            image[:, y : y + 12, x : x + 12] += 2
    return torch.from_numpy(images), torch.from_numpy(label)


def _trained(name: str, lr: float, steps: int) -> torch.nn.Module:
    torch.manual_seed(0)
    extra = {"img_size": SIZE} if name in {"test_vit", "test_coatnet"} else {}
    model = timm.create_model(name, pretrained=False, num_classes=2, **extra)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    model.train()
    for step in range(steps):
        images, label = _pictures(32, step + 1)
        loss = torch.nn.functional.cross_entropy(model(images), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


@pytest.mark.parametrize(
    ("name", "lr", "steps"), [("test_resnet", 3e-3, 50), ("test_vit", 2e-3, 150), ("test_coatnet", 3e-3, 40)]
)
def test_the_map_points_to_the_corner_that_decides(name: str, lr: float, steps: int) -> None:
    model = _trained(name, lr, steps)
    images, label = _pictures(96, 10_000)
    with torch.no_grad():
        right = model(images).argmax(1) == label
    assert right.float().mean() > 0.9, "the network did not learn the task"
    chosen = images[right & (label == 1)]
    target = find_target(model, chosen[:1])
    heat = attribute(model, target, chosen, torch.ones(len(chosen), dtype=torch.long))
    assert heat.shape == (len(chosen), SIZE, SIZE)
    assert heat.min() >= 0
    assert heat.max() <= 1
    corner = heat[:, : SIZE // 2, : SIZE // 2]
    share = corner.sum((1, 2)) / heat.sum((1, 2))
    peak = [divmod(int(one.argmax()), SIZE) for one in heat]
    inside = np.mean([y < SIZE // 2 and x < SIZE // 2 for y, x in peak])
    print(f"{name}: {target.layout}, share of the map in the corner {share.mean():.2f}, peak there {inside:.2f}")
    assert share.mean() > 0.5  # a quarter of the picture
    assert inside > 0.75


@pytest.mark.parametrize(
    "name", ["test_efficientnet", "test_convnext", "test_maxvit", "test_vit2", "swin_tiny_patch4_window7_224"]
)
def test_every_kind_of_backbone_gives_a_map(name: str) -> None:
    size = 224 if name.startswith("swin") else SIZE
    extra = {"img_size": size} if name in {"test_vit2", "test_maxvit"} else {}
    model = timm.create_model(name, pretrained=False, num_classes=3, **extra).eval()
    images = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    target = find_target(model, images[:1])
    heat = attribute(model, target, images, torch.tensor([0, 2]))
    assert heat.shape == (2, size, size)
    assert np.isfinite(heat).all()


class Corner(torch.nn.Module):
    """Its answer is the mean of the top left corner; it has no layers that locate anything."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.stack([-images[:, :, :32, :32].mean((1, 2, 3)), images[:, :, :32, :32].mean((1, 2, 3))], dim=1)


@pytest.mark.parametrize("info", [None, [], [{"module": "stem", "num_chs": 3}], [{"num_chs": 3}]])
def test_a_network_without_maps_or_tokens_is_explained_by_its_input(info: object) -> None:
    images, _ = _pictures(4, 0)
    model = Corner()
    model.feature_info = info  # type: ignore[assignment]
    target = find_target(model, images[:1])
    assert target.layout == "pixels"
    heat = attribute(model, target, images, torch.ones(4, dtype=torch.long))
    assert heat.shape == (4, SIZE, SIZE)
    assert heat[:, :28, :28].max() == 1
    assert heat[:, 44:, 44:].max() == 0


@pytest.mark.parametrize(
    ("name", "layout", "prefix"),
    [("convit_tiny", "tokens", 0), ("pit_ti_224", "maps", 0), ("coat_tiny", "pixels", 0), ("test_vit", "tokens", 1)],
)
def test_the_place_of_prefix_tokens_and_maps_is_what_the_layer_returns(name: str, layout: str, prefix: int) -> None:
    model = timm.create_model(name, pretrained=False, num_classes=3, img_size=SIZE).eval()
    target = find_target(model, torch.zeros(1, 3, SIZE, SIZE))
    assert (target.layout, target.prefix) == (layout, prefix)


def test_overlay_leaves_cold_places_as_they_are() -> None:
    image = np.full((8, 8, 1), 200, np.uint8)
    heat = np.zeros((8, 8), np.float32)
    heat[0, 0] = 1
    shown = overlay(image, heat)
    assert shown.shape == (8, 8, 3)
    assert (shown[1:] == 200).all()
    assert (shown[0, 0] != 200).any()
