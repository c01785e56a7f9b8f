"""Further forms of a network answer as it does; int8 is refused where it loses too much."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sketchfit._openvino import openvino_core
from sketchfit.bundle.manifest import BundleManifest
from sketchfit.bundle.model import BundleModel
from sketchfit.commands.bundle import forms
from sketchfit.commands.bundle.options import BundleOptions
from sketchfit.commands.bundle.training_images import TrainingDrawings
from sketchfit.commands.bundle.write import write_bundle
from sketchfit.errors import UserError
from sketchfit.runs.run import Run

pytest.importorskip("openvino")


@pytest.fixture(scope="module")
def complete(plain: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("forms") / "bundle"
    write_bundle(Run.open(plain), folder, BundleOptions(also=("openvino", "int8", "torch"), int8_loss=1.0))
    return folder


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 32, 32, 1)).astype(np.uint8)


def test_all_forms_are_there(complete: Path) -> None:
    files = BundleManifest.read(complete).files
    assert {"model.xml", "model.bin", "network_int8.onnx", "model.pt2"} <= set(files)
    assert "accuracy" in files["network_int8.onnx"].what


def test_openvino(complete: Path, pictures: np.ndarray) -> None:
    compiled = openvino_core().compile_model(complete / "model.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    expected = BundleModel.open(complete).predict_prepared(pictures).probabilities
    np.testing.assert_allclose(compiled(pictures)["probabilities"], expected, atol=1e-4)


def test_torch_export(complete: Path, pictures: np.ndarray) -> None:
    program = torch.export.load(complete / "model.pt2").module()
    with torch.no_grad():
        prob = program(torch.from_numpy(pictures))[0].numpy()
    np.testing.assert_allclose(prob, BundleModel.open(complete).predict_prepared(pictures).probabilities, atol=1e-4)


def test_int8_is_measured_on_rows_that_it_was_not_calibrated_on(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network of fold 0 has not learnt from its 16 rows: these are compared, and the 16 others are shown to it."""
    seen = {}

    def int8_graph(graph: bytes, shown: np.ndarray, **_: object) -> bytes:
        seen["shown"] = len(shown)
        return graph

    monkeypatch.setattr(forms, "int8_graph", int8_graph)
    found = write_bundle(Run.open(plain), tmp_path / "out", BundleOptions(fold=0, also=("int8",)))
    assert seen["shown"] == 16
    assert "n = 16" in found.files["network_int8.onnx"].what


def test_int8_that_loses_too_much_is_refused(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = forms.measure_int8

    def worse(*arguments: object, **named: object) -> object:
        loss = before(*arguments, **named)  # type: ignore[arg-type]
        return replace(loss, difference=replace(loss.difference, value=-0.02))

    monkeypatch.setattr(forms, "measure_int8", worse)
    with pytest.raises(UserError, match="int8 is refused"):
        write_bundle(Run.open(plain), tmp_path / "out", BundleOptions(also=("int8",)))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("changes", [{"paths": ()}, {"root": Path("nowhere")}], ids=["unknown", "deleted"])
def test_int8_without_the_drawings(
    changes: dict[str, Any], plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = replace(TrainingDrawings.of(Run.open(plain)), **changes)
    monkeypatch.setattr(TrainingDrawings, "of", lambda _: gone)
    with pytest.raises(UserError, match="needs the training drawings"):
        write_bundle(Run.open(plain), tmp_path / "out", BundleOptions(also=("int8",)))
