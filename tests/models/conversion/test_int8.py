"""A quantised graph has the same inputs and outputs, quantised layers, and nearly the same answers."""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

import numpy as np
import pytest

from sketchfit.errors import UserError
from sketchfit.models.conversion import int8 as module
from sketchfit.models.conversion.checked_graph import checked_graph
from sketchfit.models.conversion.int8 import int8_graph
from sketchfit.models.conversion.modules import GraphOutputs
from sketchfit.models.conversion.onnx_graph import to_onnx
from sketchfit.models.conversion.session import onnx_session
from tests.contracts.backend import SIZES, make_network, make_pictures

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
BACKBONES = ("test_resnet", "test_vit")


@cache
def graph_of(backbone: str) -> bytes:
    return checked_graph(make_network(backbone), SIZES[backbone], 1, features=True).graph


@cache
def quantised(backbone: str) -> bytes:
    return int8_graph(graph_of(backbone), make_pictures(24, SIZES[backbone], 1))


def rounded(graph: bytes) -> list[str | None]:
    """Operators whose results a quantised graph rounds to 8 bits, one for each place."""
    nodes = onnx.load_model_from_string(graph).graph.node
    made = {output: node.op_type for node in nodes for output in node.output}
    return [made.get(name) for node in nodes if node.op_type == "QuantizeLinear" for name in node.input[:1]]


def first_exact(monkeypatch: pytest.MonkeyPatch, *products: int) -> bytes:
    monkeypatch.setattr(module, "FIRST_EXACT", products)
    return int8_graph(graph_of("test_resnet"), make_pictures(4, 33, 1))


@pytest.mark.parametrize("backbone", BACKBONES)
def test_answers_are_nearly_as_before(backbone: str) -> None:
    pictures = make_pictures(24, SIZES[backbone], 1)
    before, after = (
        onnx_session(graph, 1).run(None, {"images": pictures}) for graph in (graph_of(backbone), quantised(backbone))
    )
    assert [one.shape for one in after] == [one.shape for one in before]
    assert 0 < np.abs(before[0] - after[0]).mean() < 0.04


def test_nothing_is_printed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        first_exact(monkeypatch, 0)
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_all_operators_of_a_convolutional_network_are_quantised(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {"Div", "Conv", "MaxPool", "Add"} <= set(rounded(first_exact(monkeypatch, 0)))


def test_products_of_a_transformer_with_weights_alone_are_quantised() -> None:
    found = set(rounded(quantised("test_vit")))
    assert {"LayerNormalization", "Gemm"} & found
    assert "Softmax" not in found


def test_a_network_whose_weights_are_standardised_is_quantised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its weights are computed in the graph, and onnxruntime leaves some constants unread."""
    monkeypatch.setitem(SIZES, "test_nfnet", 64)
    monkeypatch.setattr(module, "FIRST_EXACT", (0,))
    assert "Conv" in rounded(int8_graph(graph_of("test_nfnet"), make_pictures(4, 64, 1)))


def test_first_layers_stay_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    places = [len(rounded(first_exact(monkeypatch, products))) for products in (0, 4)]
    assert places[1] < places[0]


@pytest.mark.parametrize(
    ("gaps", "taken"), [((0.004, 0.002, 0.001), 0), ((0.3, 0.004, 0.002), 4), ((0.3, 0.2, 0.25), 4)]
)
def test_the_first_that_is_close_is_taken_else_the_closest(
    monkeypatch: pytest.MonkeyPatch, gaps: tuple[float, ...], taken: int
) -> None:
    """Two classes: the probabilities of each try are off by a number."""
    off = dict(zip((b"0", b"4", b"12"), gaps, strict=True))
    monkeypatch.setattr(module, "_quantised", lambda prepared, reader, exact: str(exact).encode())

    def probabilities(graph: bytes, pictures: Any, batch: int) -> np.ndarray:
        return np.array([[0.5, 0.5]]) + off.get(graph, 0.0) * np.array([1, -1])

    monkeypatch.setattr(module, "_probabilities", probabilities)
    assert int8_graph(graph_of("test_resnet"), make_pictures(1, 33, 1)) == str(taken).encode()


def test_a_try_that_fails_is_followed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = module._quantised

    def fails_at_first(prepared: Any, reader: Any, exact: int) -> bytes:
        if exact == 0:
            raise RuntimeError("cannot be run")
        return plain(prepared, reader, exact)

    monkeypatch.setattr(module, "_quantised", fails_at_first)
    assert rounded(int8_graph(graph_of("test_resnet"), make_pictures(4, 33, 1)))


def test_a_network_that_cannot_be_quantised_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> bytes:
        raise RuntimeError("no such operator\nmore lines")

    monkeypatch.setattr(module, "_quantised", fails)
    with pytest.raises(UserError) as caught:
        int8_graph(graph_of("test_resnet"), make_pictures(1, 33, 1))
    assert len("".join(caught.value.problems).splitlines()) == 1
    assert caught.value.hint


def test_weights_have_seven_bits_and_a_scale_per_channel() -> None:
    graph = onnx.load_model_from_string(quantised("test_resnet")).graph
    values = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    weights = {name: value for name, value in values.items() if value.dtype == np.int8 and value.ndim == 4}
    assert weights
    assert all(np.abs(value).max() <= 64 for value in weights.values())
    assert all(len(values[name.replace("quantized", "scale")]) == len(value) for name, value in weights.items())


def test_a_graph_for_one_picture_is_calibrated_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_EXACT", (0,))
    pictures = make_pictures(3, 33, 1)
    graph = to_onnx(make_network("test_resnet"), (1, 33, 33, 1), GraphOutputs())
    session = onnx_session(int8_graph(graph, pictures, any_batch=False), 1)
    assert session.get_inputs()[0].shape == [1, 33, 33, 1]
    assert session.run(None, {"images": pictures[:1]})[0].sum() == pytest.approx(1, abs=1e-5)
