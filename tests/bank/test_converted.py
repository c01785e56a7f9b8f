"""Features by a converted network: those of torch, or torch itself where the two differ."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from sketchfit.bank import extractor as extractor_module
from sketchfit.bank.converted import ConvertedForward
from sketchfit.bank.extractor import Extractor
from sketchfit.config.load import load_recipe
from sketchfit.models.backends import backends
from sketchfit.models.compute import Compute
from tests.factories import bars, make_store, tiny_recipe

CPU = torch.device("cpu")
IMAGES = bars(np.arange(10) % 4)


def extractor_by(backend: str, backbone: str = "test_resnet") -> Extractor:
    size = 160 if backbone == "test_vit" else 32
    recipe = load_recipe(tiny_recipe({"model": {"backbone": backbone, "input_size": size}}))
    return replace(Extractor.of(recipe, CPU), backend=backend, batch_size=4)


@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("backbone", ["test_resnet", "test_efficientnet", "test_vit"])
def test_features_are_those_of_torch(backend: str, backbone: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    rows, store = np.arange(10), make_store(IMAGES)
    expected = extractor_by("eager", backbone).of_rows(store, rows)
    found = extractor_by(backend, backbone).of_rows(store, rows)
    assert found == pytest.approx(expected, abs=1e-4 * float(np.abs(expected).max()))
    assert "torch" not in caplog.text


@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
def test_a_grey_store_and_a_coloured_one(backend: str, caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip(backend)
    caplog.set_level("INFO")
    extractor, rows = extractor_by(backend), np.arange(10)
    grey = extractor.of_rows(make_store(IMAGES), rows)
    coloured = extractor.of_rows(make_store(np.repeat(IMAGES, 3, axis=3)), rows)
    assert coloured == pytest.approx(grey, abs=1e-5 * float(np.abs(grey).max()))
    assert "torch" not in caplog.text


def test_auto_converts_where_that_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(extractor_module, "choose_backend", lambda *given: asked.append(given[3]) or "openvino")
    assert isinstance(extractor_by("auto").forward(7), ConvertedForward)
    assert asked == [7]
    assert not isinstance(extractor_by("eager").forward(7), ConvertedForward)


def test_a_network_is_converted_once_for_all_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extractor_module, "choose_backend", lambda *given: "openvino" if given[3] > 5 else "eager")
    extractor = extractor_by("auto")
    assert not isinstance(extractor.forward(3), ConvertedForward)
    first = extractor.forward(7)
    assert extractor.forward(3) is first
    assert not replace(extractor, size=16).converted


def test_another_precision_or_backend_is_computed_by_torch() -> None:
    assert isinstance(extractor_by("openvino").forward(3), ConvertedForward)
    lower = replace(extractor_by("openvino"), compute=Compute(CPU, precision="bf16"))
    assert not isinstance(lower.forward(3), ConvertedForward)
    assert not isinstance(extractor_by("compiled").forward(3), ConvertedForward)


@pytest.mark.parametrize("how", ["raises", "differs"])
def test_torch_is_used_where_the_conversion_fails(
    how: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    def load(graph: bytes, threads: int):
        if how == "raises":
            raise RuntimeError("no such operator")
        return lambda pictures: np.full((len(pictures), sum(widths)), np.nan, dtype=np.float32)

    widths = extractor_by("eager").pooling.widths
    monkeypatch.setattr(backends.get("openvino"), "load", staticmethod(load))
    rows, store = np.arange(6), make_store(IMAGES)
    found = extractor_by("openvino").of_rows(store, rows)
    assert np.array_equal(found, extractor_by("eager").of_rows(store, rows))
    assert caplog.text.count("by torch") == 1
