"""Errors of ONNX Runtime are raised, and nothing is printed."""

from __future__ import annotations

import numpy as np
import pytest

from sketchfit.models.conversion.session import onnx_session

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def test_a_graph_that_fails_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    make = onnx.helper
    given, made = (make.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["N"]) for name in ("x", "y"))
    shape = onnx.numpy_helper.from_array(np.array([3]), "shape")
    graph = make.make_graph([make.make_node("Reshape", ["x", "shape"], ["y"])], "fixed", [given], [made], [shape])
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 18)], ir_version=9)
    session = onnx_session(model.SerializeToString(), 1)
    assert session.run(None, {"x": np.zeros(3, np.float32)})[0].shape == (3,)
    with pytest.raises(Exception, match="Reshape"):
        session.run(None, {"x": np.zeros(4, np.float32)})
    assert capfd.readouterr() == ("", "")
