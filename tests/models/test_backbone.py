from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from sketchfit._timm import timm
from sketchfit.config.load import load_recipe
from sketchfit.config.model import ModelSection
from sketchfit.config.shipped import shipped_recipes
from sketchfit.errors import UserError
from sketchfit.models.backbone import build_network, expected_normalisation
from sketchfit.models.network import Normalisation, to_input


def section(**settings: Any) -> ModelSection:
    return ModelSection(**{"backbone": "test_resnet", "pretrained": False, "input_size": 32, **settings})


def saved(path: Path, classes: int = 1000, metadata: dict[str, str] | None = None, **args: Any) -> dict[str, Any]:
    """Write weights as if pretrained; returns them."""
    torch.manual_seed(5)
    state = timm.create_model("test_resnet", pretrained=False, num_classes=classes, **args).state_dict()
    save_file(state, path, metadata)
    return state


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "test_efficientnet"])
@pytest.mark.parametrize("size", [32, 48])
def test_any_backbone_answers_with_a_score_a_class(name: str, size: int) -> None:
    network = build_network(section(backbone=name, input_size=size), 7)
    assert network.model(torch.zeros(2, 3, size, size)).shape == (2, 7)


@pytest.mark.parametrize("classes", [1000, 12])
def test_a_local_file_gives_the_trunk_and_not_its_head(tmp_path: Path, classes: int) -> None:
    state = saved(tmp_path / "w.safetensors", classes)
    model = build_network(section(pretrained=True, weights=str(tmp_path / "w.safetensors")), 7).model
    for name, value in model.state_dict().items():
        if name.startswith("fc."):
            assert value.shape[0] == 7
        else:
            torch.testing.assert_close(value, state[name], rtol=0, atol=0)


def test_a_file_of_as_many_classes_gives_its_head_too(tmp_path: Path) -> None:
    state = saved(tmp_path / "w.safetensors", 7)
    model = build_network(section(pretrained=True, weights=str(tmp_path / "w.safetensors")), 7).model
    torch.testing.assert_close(model.state_dict()["fc.weight"], state["fc.weight"], rtol=0, atol=0)


def test_a_file_without_a_head_will_do(tmp_path: Path) -> None:
    state = {name: value for name, value in saved(tmp_path / "w.safetensors").items() if not name.startswith("fc.")}
    save_file(state, tmp_path / "w.safetensors")
    model = build_network(section(pretrained=True, weights=str(tmp_path / "w.safetensors")), 7).model
    torch.testing.assert_close(model.state_dict()["conv1.0.weight"], state["conv1.0.weight"], rtol=0, atol=0)


def test_metadata_sets_normalisation_and_the_recipe_overrules_it(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    saved(path, metadata={"architecture": "test_resnet", "mean": "0.1, 0.2 0.3", "std": "0.5"})
    network = build_network(section(pretrained=True, weights=str(path)), 3)
    assert network.normalisation == Normalisation((0.1, 0.2, 0.3), (0.5, 0.5, 0.5))
    network = build_network(section(pretrained=True, weights=str(path), mean=0.4, std=(1, 1, 2)), 3)
    assert network.normalisation == Normalisation((0.4, 0.4, 0.4), (1.0, 1.0, 2.0))


def test_metadata_sets_the_padding_it_was_trained_with(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    torch.manual_seed(0)
    state = timm.create_model("test_efficientnet", pretrained=False, pad_type="same").state_dict()
    save_file(state, path, {"pad_type": "same"})
    given = section(backbone="test_efficientnet", pretrained=True, weights=str(path))
    images = torch.randn(1, 3, 32, 32)
    ours = build_network(given, 3).model.eval().forward_features(images)
    same = timm.create_model("test_efficientnet", pretrained=False, pad_type="same").eval()
    same.load_state_dict(state)
    torch.testing.assert_close(ours, same.forward_features(images))
    other = build_network(given.model_copy(update={"args": {"pad_type": ""}}), 3).model.eval()
    assert not torch.allclose(ours, other.forward_features(images))


def test_what_does_not_fit_is_told(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    saved(path, metadata={"architecture": "resnet50"})
    with pytest.raises(UserError, match=r"weights of resnet50, and model\.backbone is test_resnet"):
        build_network(section(pretrained=True, weights=str(path)), 3)
    saved(path)
    with pytest.raises(UserError, match="does not fit test_vit"):
        build_network(section(backbone="test_vit", pretrained=True, weights=str(path)), 3)
    save_file({"conv1.0.weight": torch.zeros(1)}, path)
    with pytest.raises(UserError, match="weights of test_resnet cannot be loaded"):
        build_network(section(pretrained=True, weights=str(path)), 3)


def test_a_misspelt_backbone_names_near_ones() -> None:
    with pytest.raises(UserError, match="no model 'resnet5'") as caught:
        build_network(section(backbone="resnet5"), 3)
    assert "resnet50" in caught.value.problems[0]
    with pytest.raises(UserError, match="does not take"):
        build_network(section(args={"windows": 3}), 3)
    with pytest.raises(UserError, match="does not take"):
        build_network(section(args={"drop_rate": 0.1}), 3)


def test_weights_that_are_not_here_say_what_to_do() -> None:
    """The hub is off in the tests, as it is in many a cluster."""
    with pytest.raises(UserError, match="weights of test_resnet cannot be loaded") as caught:
        build_network(section(pretrained=True), 3)
    assert "model.weights=FILE" in caught.value.hint
    assert "model.pretrained=false" in caught.value.hint


def test_a_tensor_of_another_shape_names_the_size_only_where_it_depends_on_that(tmp_path: Path) -> None:
    for backbone, name, hinted in (("test_resnet", "conv1.0.weight", False), ("test_vit", "pos_embed", True)):
        state = timm.create_model(backbone, pretrained=False).state_dict()
        state[name] = torch.zeros(1, 5, 7) if hinted else torch.zeros(8, 3, 7, 7)
        save_file(state, tmp_path / f"{backbone}.safetensors")
        weights = {"pretrained": True, "weights": str(tmp_path / f"{backbone}.safetensors")}
        with pytest.raises(UserError, match="cannot be loaded") as caught:
            build_network(section(backbone=backbone, input_size=64, **weights), 3)
        assert ("Try model.input_size" in caught.value.hint) == hinted, backbone
        assert "model.weights=FILE" in caught.value.hint


def test_same_seed_same_random_weights() -> None:
    states = []
    for _ in range(2):
        torch.manual_seed(3)
        states.append(build_network(section(), 5).model.state_dict())
    for name, value in states[0].items():
        torch.testing.assert_close(value, states[1][name], rtol=0, atol=0)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("channels_last", [True, False])
def test_input_by_hand(channels: int, channels_last: bool) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 4, 5, channels), dtype=np.uint8)
    normalisation = Normalisation((0.1, 0.2, 0.3), (0.5, 0.6, 0.7))
    inputs = to_input(torch.from_numpy(pixels), normalisation, torch.device("cpu"), channels_last)
    assert inputs.shape == (2, 3, 4, 5)
    assert inputs.dtype == torch.float32
    order = torch.channels_last if channels_last else torch.contiguous_format
    assert inputs.is_contiguous(memory_format=order)
    for c in range(3):
        expected = (pixels[..., min(c, channels - 1)] / 255 - normalisation.mean[c]) / normalisation.std[c]
        np.testing.assert_allclose(inputs[:, c].numpy(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", shipped_recipes())
def test_shipped_recipes_name_real_backbones(name: str) -> None:
    assert timm.is_model(load_recipe(name).model.backbone.partition(".")[0])


def test_expected_normalisation_is_what_the_network_is_built_with():
    for settings in ({"backbone": "test_vit"}, {"backbone": "resnet18", "mean": 0.25, "std": (0.1, 0.2, 0.3)}):
        section = ModelSection.model_validate({**settings, "pretrained": False, "input_size": 160})
        assert expected_normalisation(section) == build_network(section, 3).normalisation
