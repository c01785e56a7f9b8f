"""A quantised graph has the same inputs and outputs, quantised layers, and nearly the same answers."""

from __future__ import annotations

import numpy as np
import pytest

from sketchfit.models.conversion import int8 as module
from sketchfit.models.conversion.checked_graph import checked_graph
from sketchfit.models.conversion.int8 import int8_graph
from sketchfit.models.conversion.modules import GraphOutputs
from sketchfit.models.conversion.onnx_graph import to_onnx
from sketchfit.models.conversion.session import onnx_session
from tests.contracts.backend import SIZES, make_network, make_pictures

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.mark.parametrize("backbone", ["test_resnet", "test_vit"])
def test_a_quantised_graph_answers_nearly_as_before(
    backbone: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    size = SIZES[backbone]
    checked, pictures = checked_graph(make_network(backbone), size, 1, features=True), make_pictures(24, size, 1)
    int8 = int8_graph(checked.graph, pictures)
    before, after = (onnx_session(one, 1).run(None, {"images": pictures}) for one in (checked.graph, int8))
    assert [one.shape for one in after] == [one.shape for one in before]
    assert 0 < np.abs(before[0] - after[0]).mean() < 0.04
    assert "QuantizeLinear" in {node.op_type for node in onnx.load_model_from_string(int8).graph.node}
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def rounded(backbone: str) -> list[str | None]:
    """Operators whose results a quantised graph rounds to 8 bits, one for each place."""
    size = SIZES[backbone]
    checked = checked_graph(make_network(backbone), size, 1)
    graph = onnx.load_model_from_string(int8_graph(checked.graph, make_pictures(4, size, 1))).graph
    made = {output: node.op_type for node in graph.node for output in node.output}
    return [made.get(name) for node in graph.node if node.op_type == "QuantizeLinear" for name in node.input[:1]]


def test_all_operators_of_a_convolutional_network_are_quantised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLOSE", float("inf"))
    assert {"Div", "Conv", "MaxPool", "Add"} <= set(rounded("test_resnet"))


def test_products_of_a_transformer_with_weights_alone_are_quantised() -> None:
    found = set(rounded("test_vit"))
    assert {"LayerNormalization", "Gemm"} & found
    assert "Softmax" not in found


def test_first_layers_stay_exact_where_the_answers_differ_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    places = []
    for close in (float("inf"), 0.0):
        monkeypatch.setattr(module, "CLOSE", close)
        places.append(len(rounded("test_resnet")))
    assert places[1] < places[0]


def test_weights_have_seven_bits_and_a_scale_per_channel() -> None:
    checked = checked_graph(make_network("test_resnet"), 33, 1)
    graph = onnx.load_model_from_string(int8_graph(checked.graph, make_pictures(4, 33, 1))).graph
    values = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    weights = {name: value for name, value in values.items() if value.dtype == np.int8 and value.ndim == 4}
    assert weights
    assert all(np.abs(value).max() <= 64 for value in weights.values())
    assert all(len(values[name.replace("quantized", "scale")]) == len(value) for name, value in weights.items())


def test_a_graph_for_one_picture_is_calibrated_one_by_one() -> None:
    pictures = make_pictures(3, 33, 1)
    graph = to_onnx(make_network("test_resnet"), (1, 33, 33, 1), GraphOutputs())
    session = onnx_session(int8_graph(graph, pictures, any_batch=False), 1)
    assert session.get_inputs()[0].shape == [1, 33, 33, 1]
    assert session.run(None, {"images": pictures[:1]})[0].sum() == pytest.approx(1, abs=1e-5)
