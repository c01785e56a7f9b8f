"""A kernel head as a module: the figures of the closed form, saved and loaded, alone and blended."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from sketchfit.bank.closed_forms.rbf import RbfForm
from sketchfit.bank.kernel import KernelRidge
from sketchfit.bank.scale import FeatureScale
from sketchfit.config.load import load_recipe
from sketchfit.models.backbone import build_network
from sketchfit.models.kernel_network import KernelNetwork
from sketchfit.models.pooling import find_pooling
from sketchfit.models.saved_network import load_network, save_network
from tests.factories import tiny_recipe

CPU = torch.device("cpu")
CLASSES = 3


def fitted(blend=False):
    """A network with a kernel head on 20 random pictures, and what it was made from."""
    recipe = load_recipe(tiny_recipe({"model": {"backbone": "test_resnet"}}))
    torch.manual_seed(0)
    network = build_network(recipe.model, CLASSES)
    network.model.eval()
    pooling = find_pooling(network.model, 32, CPU)
    images = torch.randn((20, 3, 32, 32), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        features = pooling(images).numpy()
    scale = FeatureScale.of(features, pooling.widths)
    ridge = KernelRidge.of(scale.apply(features), np.arange(20) % CLASSES, CLASSES)
    made = RbfForm().network(ridge.head, network.model, pooling).eval()
    for name, value in {
        "kept": scale.kept,
        "mean": scale.mean,
        "factor": scale.factor,
        "temperature": np.array(0.25),
        "blend": np.array(int(blend)),
    }.items():
        getattr(made, name).copy_(torch.from_numpy(np.asarray(value)))
    return recipe, replace(network, model=made), ridge, scale


@pytest.fixture
def pictures():
    return torch.randn((7, 3, 32, 32), generator=torch.Generator().manual_seed(2))


def test_logits_are_the_scores_of_the_closed_form_over_the_temperature(pictures):
    _, network, ridge, scale = fitted()
    with torch.inference_mode():
        features = network.model.pooling(pictures).numpy()
        found = network.model(pictures)
    expected = ridge.head.scores(scale.apply(features)) / 0.25
    assert found.numpy() == pytest.approx(expected, abs=2e-2)  # float16 in the module
    assert network.classes == CLASSES


def test_a_blend_is_the_mean_of_log_probabilities(pictures):
    with torch.inference_mode():
        alone = fitted()[1].model(pictures)
        network = fitted(blend=True)[1]
        own, found = network.model.model(pictures), network.model(pictures)
    expected = (F.log_softmax(alone, dim=1) + F.log_softmax(own, dim=1)) / 2
    assert torch.allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("blend", [False, True])
def test_a_saved_network_is_read_with_its_head(tmp_path, pictures, blend):
    recipe, network, _, _ = fitted(blend)
    save_network(tmp_path, network, recipe)
    read = load_network(tmp_path, recipe, CLASSES)
    assert isinstance(read.model, KernelNetwork)
    with torch.inference_mode():
        assert torch.equal(read.model.eval()(pictures), network.model(pictures))


@pytest.mark.parametrize("blend", [False, True])
def test_a_mirrored_network_gives_an_image_and_its_mirror_image_one_answer(pictures, blend):
    network = fitted(blend)[1]
    with torch.inference_mode():
        alone, mirrored = (network.model.scaled(network.model.pooling(one)) for one in (pictures, pictures.flip(3)))
        network.model.mirrored.fill_(1)
        found, other = network.model(pictures), network.model(pictures.flip(3))
        parts = [network.model.pooling(pictures), network.model.pooling(pictures.flip(3))]
        scores = network.model.scores((alone + mirrored) / 2)
    assert torch.allclose(found, other, atol=1e-4)
    assert torch.allclose(network.model.scores_of_features(parts), scores, atol=1e-5)
    if not blend:
        assert torch.allclose(found, scores / 0.25, atol=1e-4)


def test_a_state_without_the_setting_is_that_of_a_network_that_is_not_mirrored():
    network = fitted()[1].model
    state = network.state_dict()
    del state["mirrored"]
    assert not KernelNetwork.of_state(network.model, dict(state), 32).mirrored
