"""timm builds the network from the files alone, and it answers as before, with the temperature in its weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

from sketchfit._timm import timm
from sketchfit.config.load import load_recipe
from sketchfit.config.recipe import Recipe
from sketchfit.errors import UserError
from sketchfit.models.backbone import build_network
from sketchfit.models.network import Network
from sketchfit.models.timm_files import TimmFiles, check_timm, with_temperature
from tests.factories import tiny_recipe

NAMES = ("apple", "bee", "car")


def made(backbone: str, size: int, **model: Any) -> tuple[Network, Recipe]:
    settings = {"backbone": backbone, "pretrained": False, "input_size": size, "mean": 0.4, "std": [0.1, 0.2, 0.3]}
    recipe = load_recipe(tiny_recipe({"model": settings | model}))
    torch.manual_seed(0)
    network = build_network(recipe.model, len(NAMES))
    network.model.eval()
    return network, recipe


def written(network: Network, size: int, folder: Path, resize: Any = "pad") -> Path:
    TimmFiles(network, size, resize, NAMES, {"licence": "mit"}).write(folder)
    return folder


@torch.inference_mode()
def logits(model: torch.nn.Module, size: int) -> torch.Tensor:
    images = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))
    return model.eval()(images)


@pytest.mark.parametrize(
    ("backbone", "size", "args"),
    [
        ("test_resnet", 32, {}),
        ("test_resnet", 48, {"drop_rate": 0.2}),
        ("test_efficientnet", 32, {"args": {"pad_type": "same"}}),
        ("test_vit", 64, {}),
        ("test_vit", 96, {"drop_path_rate": 0.1}),
        ("test_convnext", 64, {}),
        ("test_byobnet", 64, {}),
        ("test_nfnet", 64, {}),
        ("deit_tiny_distilled_patch16_224", 32, {}),
    ],
)
def test_timm_loads_the_folder(tmp_path: Path, backbone: str, size: int, args: dict[str, Any]) -> None:
    network, _ = made(backbone, size, **args)
    written(network, size, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.json", "model.safetensors"]
    again = timm.create_model(f"local-dir:{tmp_path}", pretrained=True)
    torch.testing.assert_close(logits(again, size), logits(network.model, size))
    config = timm.data.resolve_model_data_config(again)
    assert config["input_size"] == (3, size, size)
    assert tuple(config["mean"]) == (0.4, 0.4, 0.4)
    assert tuple(config["std"]) == (0.1, 0.2, 0.3)
    assert config["crop_pct"] == 1.0
    assert list(again.pretrained_cfg["label_names"]) == list(NAMES)


@pytest.mark.parametrize(
    ("resize", "mode"), [("pad", "squash"), ("ink", "squash"), ("crop", "center"), ("stretch", "squash")]
)
def test_transforms_of_timm(tmp_path: Path, resize: str, mode: str) -> None:
    network, _ = made("test_resnet", 32)
    written(network, 32, tmp_path, resize)
    found = json.loads((tmp_path / "config.json").read_text())
    assert found["pretrained_cfg"]["crop_mode"] == mode
    assert found["label_names"] == list(NAMES)
    assert found["num_classes"] == 3
    transform = timm.data.create_transform(**timm.data.resolve_data_config({}, found["pretrained_cfg"]))
    assert transform is not None


def test_metadata_of_the_weights(tmp_path: Path) -> None:
    network, _ = made("test_resnet", 32)
    written(network, 32, tmp_path)
    with safe_open(str(tmp_path / "model.safetensors"), "pt") as file:
        assert file.metadata()["licence"] == "mit"


@pytest.mark.parametrize(("metadata", "licence"), [({"licence": "cc-by-nc-4.0"}, "cc-by-nc-4.0"), ({}, "unknown")])
def test_the_config_states_the_licence_of_this_network(tmp_path: Path, metadata: Any, licence: str) -> None:
    network, _ = made("mobilenetv2_100", 32)  # timm's own weights of it are apache-2.0
    assert network.model.pretrained_cfg["license"] == "apache-2.0"
    TimmFiles(network, 32, "pad", NAMES, metadata).write(tmp_path)
    found = json.loads((tmp_path / "config.json").read_text())["pretrained_cfg"]
    assert (found["license"], found["tag"]) == (licence, "sketchfit")
    assert not {"hf_hub_id", "url"} & set(found)


@pytest.mark.parametrize(
    ("backbone", "size"),
    [
        ("test_resnet", 32),
        ("test_vit", 64),
        ("test_convnext", 64),
        ("deit_tiny_distilled_patch16_224", 32),  # two classifiers
        ("crossvit_tiny_240", 240),  # a list of two
    ],
)
def test_the_temperature_is_within_the_weights(backbone: str, size: int) -> None:
    network, _ = made(backbone, size)
    before = logits(network.model, size)
    divided, left = with_temperature(network, 2.5, size)
    assert left == 1.0
    torch.testing.assert_close(logits(divided.model, size), before / 2.5)
    torch.testing.assert_close(logits(network.model, size), before)  # not changed in place


def test_logits_that_are_not_linear_in_the_classifier_keep_their_temperature() -> None:
    network, _ = made("test_resnet", 32)

    class Squared(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = network.model
            self.num_classes = 3

        def get_classifier(self) -> torch.nn.Module:
            return self.inner.get_classifier()

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.inner(images) ** 2

    odd = Network(Squared(), network.normalisation)
    found, left = with_temperature(odd, 2.0, 32)
    assert (found, left) == (odd, 2.0)


def test_a_temperature_of_one_changes_nothing() -> None:
    network, _ = made("test_resnet", 32)
    assert with_temperature(network, 1.0, 32) == (network, 1.0)


@pytest.mark.parametrize("head", ["mlp", "cosine"])
def test_other_heads_are_refused(head: str) -> None:
    network, recipe = made("test_resnet", 32, head=head)
    with pytest.raises(UserError, match=head) as error:
        check_timm(network, recipe.model.head)
    assert "--bundle" in error.value.hint


def test_a_linear_head_with_dropout_is_timms(tmp_path: Path) -> None:
    network, recipe = made("test_resnet", 32, head={"name": "linear", "dropout": 0.3})
    check_timm(network, recipe.model.head)
    written(network, 32, tmp_path)
    again = timm.create_model(f"local-dir:{tmp_path}", pretrained=True)
    torch.testing.assert_close(logits(again, 32), logits(network.model, 32))
