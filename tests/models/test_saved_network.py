"""Trained networks and their files."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from sketchfit._timm import timm
from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.models.backbone import build_network
from sketchfit.models.network import Normalisation
from sketchfit.models.saved_network import load_network, save_network
from tests.factories import tiny_recipe


def test_a_trained_network_is_loaded_without_its_first_weights(tmp_path):
    """The file also stores the normalisation and the padding of the first weights."""
    path = tmp_path / "w.safetensors"
    state = timm.create_model("test_efficientnet", pretrained=False, pad_type="same").state_dict()
    save_file(state, path, {"pad_type": "same", "mean": "0.2", "std": "0.3"})
    model = {"backbone": "test_efficientnet", "pretrained": True, "weights": str(path), "mean": None, "std": None}
    recipe = load_recipe(tiny_recipe({"model": model}))
    trained = build_network(recipe.model, 3)
    save_network(tmp_path, trained, recipe)
    path.unlink()
    again = load_network(tmp_path, recipe, 3)
    assert again.normalisation == trained.normalisation == Normalisation((0.2,) * 3, (0.3,) * 3)
    images = torch.randn(1, 3, 32, 32)
    torch.testing.assert_close(again.model.eval()(images), trained.model.eval()(images), rtol=0, atol=0)
    with pytest.raises(UserError, match="does not exist"):
        build_network(recipe.model, 3, load_weights=False)


@pytest.mark.parametrize("kind", ["one parameter", "views of one tensor"])
def test_layers_that_share_weights_are_written_and_read(tmp_path, kind):
    """safetensors refuses tensors that share memory; after training that would lose the network."""
    recipe = load_recipe(tiny_recipe({"model": {"backbone": "test_vit"}}))
    network = build_network(recipe.model, 3)
    first, second = network.model.blocks[0].mlp.fc1, network.model.blocks[1].mlp.fc1
    if kind == "one parameter":
        second.weight = first.weight
    else:
        both = torch.randn(2, *first.weight.shape)
        first.weight, second.weight = torch.nn.Parameter(both[0]), torch.nn.Parameter(both[1])
    save_network(tmp_path, network, recipe)
    again = load_network(tmp_path, recipe, 3)
    assert all(torch.equal(value, again.model.state_dict()[name]) for name, value in network.model.state_dict().items())
    images = torch.randn(1, 3, 32, 32)
    torch.testing.assert_close(again.model.eval()(images), network.model.eval()(images), rtol=0, atol=0)
