"""Which backend `auto` takes, and which can be used."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest
import torch
from torch import nn

from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.models import choose_backend as module
from sketchfit.models.backbone import build_network
from sketchfit.models.backends import backends
from sketchfit.models.choose_backend import (
    WORTH,
    automatic_backends,
    check_backend,
    choose_backend,
    forward_flops,
    worth_converting,
)
from sketchfit.models.compute import Compute
from sketchfit.models.network import Network, Normalisation

CPU = Compute(torch.device("cpu"))
MANY = int(WORTH)
HALVES = Normalisation((0.5,) * 3, (0.5,) * 3)


def convolution() -> Network:
    return Network(nn.Conv2d(3, 4, 3, padding=1, bias=False), HALVES)


@pytest.mark.parametrize(
    ("images", "compute", "installed", "expected"),
    [
        (MANY, CPU, ("openvino", "onnxruntime"), "openvino"),
        (MANY, CPU, ("onnxruntime",), "onnxruntime"),
        (MANY, CPU, (), "eager"),
        (1, CPU, ("openvino",), "eager"),
        (None, CPU, ("openvino",), "eager"),
        (MANY, Compute(torch.device("cuda")), ("openvino",), "eager"),
        (MANY, Compute(torch.device("cpu"), "bf16"), ("openvino",), "eager"),
    ],
)
def test_the_choice(images, compute, installed, expected, monkeypatch):
    monkeypatch.setattr(module, "missing_packages", lambda packages: [] if packages[0] in installed else [packages[0]])
    assert choose_backend(convolution(), compute, 6, images) == expected


def test_few_images_are_not_worth_a_conversion():
    mobilenet_at_128 = 200_000_000  # operations per image
    assert not worth_converting(327, mobilenet_at_128)
    assert worth_converting(10_000, mobilenet_at_128)
    assert worth_converting(327, 17_000_000_000)  # a ViT-B at 224 px


def test_operations_are_counted():
    """Two operations per weight and place: a convolution of 3 x 3 x 3 x 4 at 6 x 6 places."""
    assert forward_flops(convolution(), 6, CPU.device) == 2 * 3 * 3 * 3 * 4 * 6 * 6


def test_operations_that_cannot_be_counted_are_0():
    class Odd(nn.Module):
        def forward(self, images):
            raise NotImplementedError

    assert forward_flops(Network(Odd(), HALVES), 6, CPU.device) == 0


@pytest.mark.parametrize(("backbone", "size"), [("eva02_tiny_patch14_224", 28), ("test_vit3", 64), ("test_vit", 64)])
def test_operations_of_transformers_are_counted(backbone, size):
    """Some pass parameters, or views of them, to their blocks, at which the counter fails."""
    model = {"backbone": backbone, "pretrained": False, "input_size": size}
    network = build_network(load_recipe({"model": model}).model, 7)
    assert forward_flops(network, size, CPU.device) > 1e6
    assert all(parameter.requires_grad for parameter in network.model.parameters())


def test_what_cannot_be_used_is_refused(monkeypatch):
    monkeypatch.setattr(module, "missing_packages", lambda packages: [name for name in packages if name == "openvino"])
    with pytest.raises(UserError, match="needs openvino") as caught:
        check_backend("openvino", CPU.device)
    assert "pip install 'sketchfit[fast]'" in caught.value.hint
    for name in ("onnxruntime", "auto", "eager", "compiled"):
        check_backend(name, CPU.device)
    assert automatic_backends() == ("onnxruntime",)
    with pytest.raises(UserError, match="computes on cpu, and the device of the run is cuda"):
        check_backend("onnxruntime", torch.device("cuda"))
    with pytest.raises(UserError, match="nearest is 'openvino'"):
        check_backend("openvno", CPU.device)


def test_auto_works_with_a_backend_of_others_that_cannot_be_imported(monkeypatch):
    before = automatic_backends()
    monkeypatch.setattr(backends, "_broken", set())
    monkeypatch.setitem(backends._lazy, "broken", EntryPoint("broken", "no_such_module:Broken", backends.group))
    assert "broken" in backends
    assert automatic_backends() == before
    with pytest.raises(UserError, match="no_such_module"):
        check_backend("broken", CPU.device)
