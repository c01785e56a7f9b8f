"""Backends that are built, beyond what the contract checks."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import torch
from torch import nn

from sketchfit.models.backend import TOLERANCE
from sketchfit.models.backends import backends
from sketchfit.models.backends.compiled import TF32_TOLERANCE
from sketchfit.models.backends.eager import eager
from sketchfit.models.build_backend import build_backend
from sketchfit.models.compute import Compute
from tests.contracts.backend import CPU, make_network, make_pictures

CONVERTED = ("onnxruntime", "openvino")


@pytest.mark.parametrize("backend", CONVERTED)
def test_converting_twice_gives_the_same_bits(backend):
    pytest.importorskip(backend)
    network, pictures = make_network("mobilenetv2_100"), make_pictures(4, 32, 1)
    with torch.inference_mode():
        first, second = (build_backend(backend, network, CPU, pytest.fail)(pictures) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("backend", CONVERTED)
@pytest.mark.parametrize("first", [1, 3])
def test_grey_and_coloured_pictures_by_one_backend(backend, first):
    pytest.importorskip(backend)
    network = make_network("test_resnet")
    grey = make_pictures(4, 33, 1)
    alike = {1: grey, 3: np.repeat(grey, 3, axis=3)}
    with torch.inference_mode():
        converted = build_backend(backend, network, CPU, pytest.fail)
        before = converted(alike[first])
        np.testing.assert_allclose(converted(alike[4 - first]), before, atol=1e-6)
        np.testing.assert_array_equal(converted(alike[first]), before)
        coloured = make_pictures(5, 33, 3)
        np.testing.assert_allclose(converted(coloured), eager(network, CPU)(coloured), atol=TOLERANCE)


def test_a_converted_network_computes_in_fp32_under_autocast():
    pytest.importorskip("onnxruntime")
    network, pictures = make_network("test_resnet"), make_pictures(4, 33, 1)
    compute = Compute(CPU.device, "bf16")
    plain = eager(network, compute)
    with torch.inference_mode():
        exact = plain(pictures)
        with compute.autocast():
            coarse = plain(pictures)
            found = build_backend("onnxruntime", network, compute, pytest.fail)(pictures)
    assert np.abs(coarse - exact).max() > 10 * TOLERANCE
    np.testing.assert_allclose(found, exact, atol=TOLERANCE)


def test_conversion_keeps_the_memory_format_of_the_network():
    pytest.importorskip("onnxruntime")
    network = make_network("test_resnet")
    network.model.to(memory_format=torch.channels_last)
    with torch.inference_mode():
        build_backend("onnxruntime", network, CPU, pytest.fail)(make_pictures(2, 33, 3))
    assert network.model.conv1[0].weight.is_contiguous(memory_format=torch.channels_last)


def test_compiled_calls_the_compiled_model(monkeypatch):
    """torch.compile itself takes a minute and is replaced here."""
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda model: compiled.append(model) or model)
    network, pictures = make_network("test_resnet"), make_pictures(3, 33, 1)
    with torch.inference_mode():
        found = build_backend("compiled", network, CPU, pytest.fail)(pictures)
        np.testing.assert_array_equal(found, eager(network, CPU)(pictures))
    assert compiled == [network.model]


def test_tolerances_of_the_compiled_backend():
    tolerance = backends.get("compiled").tolerance
    assert tolerance(CPU) == TOLERANCE
    assert tolerance(Compute(torch.device("cuda"))) == TF32_TOLERANCE
    assert tolerance(Compute(torch.device("cuda"), "bf16")) is None


def test_the_reason_is_logged_by_default(monkeypatch, caplog):
    monkeypatch.setattr(torch, "compile", lambda model: nn.Identity())
    monkeypatch.setattr(logging.getLogger("sketchfit"), "propagate", True)
    with torch.inference_mode():
        build_backend("compiled", make_network("test_resnet"), CPU)(make_pictures(2, 33, 1))
    records = [record for record in caplog.records if "inference.backend=compiled" in record.getMessage()]
    assert {record.levelno for record in records} == {logging.WARNING}
