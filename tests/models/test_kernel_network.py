"""A kernel head as a module: the figures of the closed form, saved and loaded, alone and blended."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from sketchfit.bank.closed_forms.rbf import RbfForm
from sketchfit.bank.kernel import KernelRidge, KernelSettings
from sketchfit.bank.scale import FeatureScale
from sketchfit.config.load import load_recipe
from sketchfit.models.backbone import build_network
from sketchfit.models.feature_network import tolerance_of
from sketchfit.models.kernel_network import KernelNetwork
from sketchfit.models.pooling import Pooling, find_pooling
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


@pytest.mark.parametrize("blend", [False, True])
@pytest.mark.parametrize("mirrored", [False, True])
def test_logits_follow_from_the_outputs_of_the_backbone(pictures, blend, mirrored):
    model = fitted(blend)[1].model
    model.mirrored.fill_(int(mirrored))
    parts = (pictures, pictures.flip(3)) if mirrored else (pictures,)
    with torch.inference_mode():
        found = model.logits_of([model.pooling(one) for one in parts], [model.model(one) for one in parts])
        assert torch.allclose(found, model(pictures), atol=1e-4)


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_features_are_those_that_the_head_reads(pictures, mirrored):
    model = fitted()[1].model
    model.mirrored.fill_(int(mirrored))
    with torch.inference_mode():
        logits, features = model.logits_and_features(pictures)
        assert torch.allclose(logits, model(pictures))
        assert torch.allclose(model.scores(features) / model.temperature, logits, atol=1e-5)


def head_of(rows, columns, seed):
    """A head of a width and penalty as usual on random features, and others near its rows."""
    rng = np.random.default_rng(seed)
    features = (rng.normal(size=(rows, columns)) / np.sqrt(columns / 6)).astype(np.float16).astype(np.float32)
    ridge = KernelRidge.of(features, rng.integers(0, 60, rows), 60, KernelSettings(0.25, 0.03))
    model = RbfForm().network(ridge.head, nn.Identity(), Pooling(nn.Identity(), None))
    near = features[:50] + rng.normal(size=(50, columns)) / np.sqrt(columns)
    return model, near.astype(np.float32)


def in_float64(model, features):
    support, features = model.support.double(), features.double()
    distance = torch.cdist(features, support, compute_mode="donot_use_mm_for_euclid_dist") ** 2
    return (torch.exp(-model.gamma.double() * distance) + 1) @ model.dual.double()


@pytest.mark.parametrize("seed", [0, 1])
def test_scores_are_those_of_float64_to_a_share_of_a_small_temperature(seed):
    model, features = head_of(1500, 96, seed)
    values = torch.from_numpy(features)
    with torch.inference_mode():
        found = model.scores(values)
    plain = (in_float64(model, values) - found).abs().max()
    assert plain < 2e-5


def test_the_tolerance_of_a_conversion_is_less_than_what_rounding_as_the_stored_features_are_changes(pictures):
    network = fitted()[1]
    assert tolerance_of(network.model, 1e-5) == pytest.approx(1e-4)
    assert tolerance_of(network.model, 1e-2) == 1e-2
    assert tolerance_of(network.model.model, 1e-5) == 1e-5
    with torch.inference_mode():
        features = network.model.pooling(pictures)
        probs = [network.model.logits_of([one], []).softmax(1) for one in (features, features.half().float())]
    assert 1e-4 < (probs[0] - probs[1]).abs().max() < 1e-2
    network.model.temperature.fill_(0.001)
    assert tolerance_of(network.model, 1e-5) == 1e-3


def test_a_state_without_the_setting_is_that_of_a_network_that_is_not_mirrored():
    network = fitted()[1].model
    state = network.state_dict()
    del state["mirrored"]
    assert not KernelNetwork.of_state(network.model, dict(state), 32).mirrored
