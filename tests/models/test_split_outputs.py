"""Both parts of a pooling compute what the pooling returns, in torch and converted."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from sketchfit.models.backends import backends
from sketchfit.models.network import Network, Normalisation
from sketchfit.models.pooling import find_pooling
from sketchfit.models.split import split_model
from sketchfit.models.split_outputs import split_outputs
from tests.models.test_split import SPLITS, frozen, pictures

CPU = torch.device("cpu")


def split(name, first=None):
    """A pooling with logits, its two parts, and images."""
    model = frozen(name, SPLITS[name][0] if first is None else first)
    images = pictures(model)
    pooling = find_pooling(model.eval(), images.shape[-1], CPU).with_logits()
    again = frozen(name, SPLITS[name][0] if first is None else first)
    again.load_state_dict(model.state_dict())
    return pooling, split_outputs(split_model(again, images), pooling, images), images


@pytest.mark.parametrize("name", ["test_resnet", "test_efficientnet", "test_byobnet", "mobilenetv4_conv_small_035"])
def test_both_parts_compute_what_the_pooling_returns(name):
    pooling, parts, images = split(name)
    other = torch.randn(5, *images.shape[1:], generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        values = parts.lower(other)
        assert values.shape == (5, parts.width)
        assert torch.allclose(parts.upper(values), pooling(other), atol=1e-4)


def test_pooled_stages_below_the_split_are_part_of_what_is_stored():
    pooling, parts, images = split("test_efficientnet")
    whole = split_model(frozen("test_efficientnet", SPLITS["test_efficientnet"][0]), images)
    assert parts.width > np.prod(whole.shape)
    with torch.inference_mode():
        values = parts.lower(images)
        values[:, int(np.prod(whole.shape)) :] = 7
        found = parts.upper(values)
    assert torch.equal(found[:, : pooling.widths[0]], torch.full((len(images), pooling.widths[0]), 7.0))


def test_copies_of_the_parts_compute_the_same():
    _, parts, images = split("test_resnet")
    with torch.inference_mode():
        values = parts.lower(images)
        assert torch.equal(copy.deepcopy(parts.lower)(images), values)
        assert torch.equal(copy.deepcopy(parts.upper)(values), parts.upper(values))


@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
def test_both_parts_are_converted(backend):
    pytest.importorskip(backend)
    pooling, parts, images = split("test_efficientnet")
    kind = backends.get(backend)
    drawn = np.random.default_rng(0).integers(0, 256, (4, *images.shape[2:], 3)).astype(np.uint8)
    with torch.inference_mode():
        given = (torch.from_numpy(drawn).permute(0, 3, 1, 2) / 255 - 0.5) / 0.5
        expected = pooling(given).numpy()
        values = kind.build_values(Network(parts.lower, Normalisation((0.5,) * 3, (0.5,) * 3)), drawn)(drawn)
        upper = kind.build_module(parts.upper, values)
    assert upper(values) == pytest.approx(expected, abs=1e-4)
    assert upper(values[:3]) == pytest.approx(expected[:3], abs=1e-4)
