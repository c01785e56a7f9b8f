"""OpenVINO's files answer as torch does, or are not written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sketchfit._openvino import openvino_core
from sketchfit.errors import UserError
from sketchfit.models.conversion import openvino_file
from sketchfit.models.conversion.checked_graph import checked_graph
from sketchfit.models.conversion.openvino_file import write_openvino
from tests.contracts.backend import make_network

pytest.importorskip("openvino")


def test_openvinos_files_answer_and_have_the_metadata(tmp_path: Path) -> None:
    network, path = make_network("test_resnet"), tmp_path / "model.xml"
    checked = checked_graph(network, 33, 1, temperature=2.0, features=True)
    write_openvino(path, checked, {"names": '["a", "b"]'})
    model = openvino_core().read_model(path)
    assert model.get_rt_info(["sketchfit", "names"]).astype(str) == '["a", "b"]'
    compiled = openvino_core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = compiled(checked.reference.pictures)
    np.testing.assert_allclose(found["probabilities"], checked.reference.expected[0], atol=1e-5)
    assert found["features"].shape == (3, checked.features)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["model.bin", "model.xml"]


def test_openvinos_files_that_answer_otherwise_are_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino_file, "_answering", lambda *_: lambda given: [np.full((len(given), 7), 0.9)])
    with pytest.raises(UserError, match="for OpenVINO: its probabilities differ"):
        write_openvino(tmp_path / "model.xml", checked_graph(make_network("test_resnet"), 33, 1), {})
    assert not list(tmp_path.iterdir())


def test_a_graph_that_openvino_cannot_read_is_one_sentence(tmp_path: Path) -> None:
    broken = replace(checked_graph(make_network("test_resnet"), 33, 1), graph=b"not a graph")
    with pytest.raises(UserError) as caught:
        write_openvino(tmp_path / "model.xml", broken, {})
    assert len(caught.value.problems[0].splitlines()) == 1
    assert not list(tmp_path.iterdir())
