"""The graphs of the tiny bundle answer as its formulas in NumPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.bundles import LABELS, tiny_features, tiny_picture, tiny_probabilities, write_tiny_bundle

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")


@pytest.mark.parametrize(("name", "side"), [("model.onnx", 50), ("network.onnx", 32)])
def test_graphs_and_formulas_agree(tmp_path: Path, name: str, side: int) -> None:
    write_tiny_bundle(tmp_path)
    session = onnxruntime.InferenceSession((tmp_path / name).read_bytes(), providers=["CPUExecutionProvider"])
    pictures = np.stack([tiny_picture(kind, side) for kind in ("horizontal", "vertical", "dot")])
    probabilities, features = session.run(None, {session.get_inputs()[0].name: pictures})
    assert_allclose(probabilities, tiny_probabilities(pictures), atol=1e-5)
    assert_allclose(features, tiny_features(pictures), atol=1e-6)
    assert [LABELS[i] for i in probabilities.argmax(axis=1)] == list(LABELS)
