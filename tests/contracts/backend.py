"""The contract of backends."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from sketchfit.config.load import load_recipe
from sketchfit.models.backbone import build_network
from sketchfit.models.backend import Pictures
from sketchfit.models.backends import backends
from sketchfit.models.backends.eager import eager
from sketchfit.models.build_backend import build_backend
from sketchfit.models.compute import Compute
from sketchfit.models.network import Network, to_input

CLASSES = 7
SIZES = {"test_resnet": 33, "test_vit": 64, "mobilenetv2_100": 32}
"""Backbones and the sides of their inputs, an odd one among them."""
CPU = Compute(torch.device("cpu"))


def make_network(backbone: str, channels: int = 1) -> Network:
    """Random weights, batch norm statistics that are not 0 and 1, and a head that separates random pictures."""
    torch.manual_seed(4)
    settings = {"model": {"backbone": backbone, "pretrained": False, "input_size": SIZES[backbone]}}
    network = build_network(load_recipe(settings).model, CLASSES)
    for module in network.model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 2)
    model, head = network.model.eval(), network.model.get_classifier()
    pictures = make_pictures(5, SIZES[backbone], channels)
    images = to_input(torch.from_numpy(pictures), network.normalisation, CPU.device, CPU.channels_last)
    with torch.no_grad():
        head.bias.zero_()
        head.weight.mul_(2 / model(images).std(dim=0).mean())
        head.bias.sub_(model(images).mean(dim=0))
    return Network(model, network.normalisation)


def make_pictures(count: int, size: int, channels: int) -> Pictures:
    """Large squares: to a network, noise of single pixels is all the same."""
    coarse = np.random.default_rng(count).integers(0, 256, (count, 4, 4, channels)).astype(np.uint8)
    side = -(-size // 4)
    return np.ascontiguousarray(coarse.repeat(side, axis=1).repeat(side, axis=2)[:, :size, :size])


def check_backend(name: str, backbone: str, channels: int) -> None:
    """Check a backend: it equals torch, for any number of pictures, and leaves the network as it was."""
    network, size, reports = make_network(backbone, channels), SIZES[backbone], list[str]()
    before = {key: value.clone() for key, value in network.model.state_dict().items()}
    pictures = make_pictures(5, size, channels)
    with torch.inference_mode():
        expected = eager(network, CPU)(pictures)
        backend = build_backend(name, network, CPU, reports.append)
        found = {count: backend(pictures[:count]) for count in (5, 1, 2)}
        larger = backend(np.concatenate([pictures, pictures[::-1], pictures[:1]]))
    assert reports == []
    assert expected.std(axis=0).max() > 0.1, "the network gives all pictures the same probabilities"
    tolerance = backends.get(name).tolerance(CPU) or 1e-5
    for count, prob in found.items():
        assert prob.shape == (count, CLASSES)
        assert prob.dtype == np.float32
        np.testing.assert_allclose(prob, expected[:count], atol=tolerance)
        np.testing.assert_allclose(prob.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(larger, expected[[0, 1, 2, 3, 4, 4, 3, 2, 1, 0, 0]], atol=tolerance)
    assert all(torch.equal(value, before[key]) for key, value in network.model.state_dict().items())
    assert not network.model.training
