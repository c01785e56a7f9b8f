from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sketchfit._timm import timm
from sketchfit.api.check import check
from sketchfit.config.model import ModelSection
from sketchfit.errors import UserError
from sketchfit.models.backbone import build_network
from sketchfit.models.near_sizes import near_sizes_hint
from sketchfit.models.patch_grid import check_patch_grid, unread_lines
from tests.factories import tiny_recipe


def section(backbone: str, size: int | None, **args: object) -> ModelSection:
    return ModelSection(backbone=backbone, pretrained=False, input_size=size, args=args)


@pytest.mark.parametrize(
    ("backbone", "size", "near"),
    [
        ("deit_tiny_patch16_224", 60, (48, 64)),
        ("vit_small_patch14_dinov2", 128, (126, 140)),
        ("swin_tiny_patch4_window7_224", 130, (128, 132)),
        ("convnext_atto", 130, (128, 132)),
        ("pit_ti_224", 60, (56, 64)),
        ("test_vit", 60, (48, 64)),
    ],
)
def test_sizes_off_the_grid_are_refused_with_the_nearest(backbone: str, size: int, near: tuple[int, int]) -> None:
    with pytest.raises(UserError, match=r"model\.input_size") as caught:
        build_network(section(backbone, size), 3)
    assert all(str(one) in caught.value.hint for one in near)
    for one in near:
        build_network(section(backbone, one), 3)


@pytest.mark.parametrize("size", [48, 60, 64, 130])
@pytest.mark.parametrize("backbone", ["deit_tiny_patch16_224", "convnext_atto", "test_efficientnet", "poolformer_s12"])
def test_unread_lines_are_those_without_a_gradient(backbone: str, size: int) -> None:
    torch.manual_seed(0)
    args = {"img_size": size} if backbone.startswith("deit") else {}
    model = timm.create_model(backbone, pretrained=False, num_classes=5, **args).eval()
    images = torch.randn(1, 3, size, size, requires_grad=True)
    (model(images) * torch.randn(5)).sum().backward()
    assert images.grad is not None
    assert unread_lines(model, size) == int((images.grad.abs().sum((0, 1, 2)) == 0).sum())


def test_a_network_that_pads_takes_any_size() -> None:
    padded = section("deit_tiny_patch16_224", 60, dynamic_img_size=True, dynamic_img_pad=True)
    check_patch_grid(build_network(padded, 3).model, 60)


def test_sizes_of_progressive_resizing_are_checked_before_decoding(drawn: Path, tmp_path: Path) -> None:
    settings = {
        "model": {"backbone": "test_vit", "input_size": 32},
        "training": {"epochs": 2, "resize": [{"until": 1, "size": 40}]},
    }
    with pytest.raises(UserError, match=r"training\.resize") as caught:
        check(drawn, tiny_recipe(settings), out=tmp_path / "run")
    assert "32 or 48" in caught.value.hint


@pytest.mark.parametrize(
    ("settings", "size"),
    [
        ({"backbone": "inception_v3"}, 299),
        ({"backbone": "vit_small_patch14_dinov2.lvd142m"}, 518),
        ({"backbone": "inception_v3", "input_size": 128}, 128),
        ({"backbone": "test_vit", "args": {"img_size": 64}}, 64),
        ({"backbone": "no_such_model"}, 224),
        ({"backbone": "resnet50.no_such_tag"}, 224),
    ],
)
def test_the_input_size_is_the_backbones_own_by_default(settings: dict[str, object], size: int) -> None:
    assert ModelSection.model_validate(settings).size == size


@pytest.mark.parametrize(
    ("backbone", "size", "near"),
    [("coatnet_nano_rw_224", 100, "96 or 128"), ("levit_128s", 220, "192 or 224"), ("efficientformer_l1", 192, "224")],
)
def test_sizes_that_a_backbone_cannot_compute_name_the_nearest_that_it_can(backbone: str, size: int, near: str) -> None:
    assert near in near_sizes_hint(section(backbone, size))


def test_a_size_that_works_needs_no_hint() -> None:
    assert near_sizes_hint(section("test_resnet", 33)) == ""
