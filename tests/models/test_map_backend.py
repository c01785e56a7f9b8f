"""Backends of frozen lower parts: a runtime computes the maps that torch computes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from sketchfit.models import choose_backend as choose_module
from sketchfit.models.backends import backends
from sketchfit.models.compute import Compute
from sketchfit.models.map_backend import build_map_backend, choose_map_backend, eager_maps
from sketchfit.models.network import Network, Normalisation
from sketchfit.models.split import split_model
from tests.models.test_split import SPLITS, frozen, pictures

CPU = Compute(torch.device("cpu"))
PICTURES = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3)).astype(np.uint8)


@pytest.fixture
def lower() -> Network:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.BatchNorm2d(4), nn.ReLU()).eval()
    return Network(layers, Normalisation((0.5, 0.5, 0.5), (0.25, 0.25, 0.25)))


@pytest.mark.parametrize("name", ["eager", "onnxruntime", "openvino"])
def test_all_return_the_maps_of_torch(name, lower):
    if name != "eager":
        pytest.importorskip(name)
    found = build_map_backend(name, lower, CPU, PICTURES)(PICTURES)
    images = torch.from_numpy(PICTURES).permute(0, 3, 1, 2) / 255
    with torch.no_grad():
        expected = lower.model((images - 0.5) / 0.25).numpy()
    assert found.shape == (5, 4, 8, 8)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_a_runtime_that_computes_something_else_is_not_used(lower, monkeypatch):
    pytest.importorskip("onnxruntime")
    right = eager_maps(lower, CPU)(PICTURES)
    load = backends.get("onnxruntime").load
    changed = staticmethod(lambda graph, threads: lambda pictures: load(graph, threads)(pictures) + 0.1)
    monkeypatch.setattr(backends.get("onnxruntime"), "load", changed)
    assert np.array_equal(build_map_backend("onnxruntime", lower, CPU, PICTURES)(PICTURES), right)


def test_a_runtime_is_chosen_where_its_conversion_pays(lower, monkeypatch):
    monkeypatch.setattr(choose_module, "automatic_backends", lambda: ("onnxruntime",))
    flops = 2 * 4 * 8 * 8 * 27  # of the convolution
    many = int(choose_module.WORTH / flops) + 1
    assert choose_map_backend(lower, CPU, 16, many) == "onnxruntime"
    assert choose_map_backend(lower, CPU, 16, many // 2) == "eager"
    assert choose_map_backend(lower, Compute(torch.device("cpu"), "bf16"), 16, many) == "eager"
    assert choose_map_backend(lower, CPU, 16, 1, "onnxruntime") == "onnxruntime"
    assert choose_map_backend(lower, CPU, 16, many, "compiled") == "eager"


@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("name", [*SPLITS, "tf_efficientnet_lite0"])
def test_the_lower_part_of_a_split_backbone_is_converted(backend, name, caplog):
    pytest.importorskip(backend)
    caplog.set_level("INFO")
    model = frozen(name, SPLITS.get(name, (5, ""))[0])
    images = pictures(model, 4)
    split = split_model(model, images)
    lower = Network(split.lower, Normalisation((0.5,) * 3, (0.5,) * 3))
    drawn = np.random.default_rng(0).integers(0, 256, (4, *images.shape[2:], 1)).astype(np.uint8)
    found, expected = build_map_backend(backend, lower, CPU, drawn)(drawn), eager_maps(lower, CPU)(drawn)
    assert "torch" not in caplog.text
    assert found == pytest.approx(expected, abs=1e-3 * float(expected.std()))
