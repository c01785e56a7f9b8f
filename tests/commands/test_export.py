"""Exported files answer as the network does, in their own runtimes, and say what they are."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sketchfit._openvino import openvino_core
from sketchfit.api.predict import predict
from sketchfit.api.run import run
from sketchfit.commands import export as stage
from sketchfit.commands.export import export
from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.inference.network_input import network_inputs
from sketchfit.models.backends.eager import eager
from sketchfit.models.compute import Compute
from sketchfit.models.saved_network import load_network
from sketchfit.runs.folder import RunFolder
from tests.factories import Cli, make_claim

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

SETTINGS: dict[str, Any] = {
    "model": {"backbone": "test_resnet", "pretrained": False, "input_size": 32, "mean": 0.4, "std": 0.3},
    "data": {"channels": 1},
    "folds": {"k": 2},
    "optimizer": {"name": "adamw", "lr": 2e-3},
    "training": {"epochs": 1, "batch_size": 8},
    "tracking": {"progress": "none"},
    "audit": {"enabled": False},
    "claim": {"enabled": False},
    "inference": {"views": []},
    "calibration": {"method": "none"},
    "report": {"enabled": False},
    "compute": {"device": "cpu"},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, drawn: Path) -> Path:
    folder = tmp_path_factory.mktemp("export")
    run(drawn, SETTINGS | {"refit": {"enabled": True}}, out=folder / "refit")
    run(drawn, SETTINGS | {"members": {"one": {}, "two": {"data": {"channels": 3}}}}, out=folder / "two")
    return folder


def test_what_the_run_claims_is_in_the_metadata(place: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(place / "refit", folder)
    (folder / "ensemble" / "claim.json").unlink(missing_ok=True)
    assert "claim" not in export(folder, tmp_path / "one.onnx")
    make_claim().write(folder)
    export(folder, tmp_path / "one.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "one.onnx", providers=["CPUExecutionProvider"])
    found = json.loads(session.get_modelmeta().custom_metadata_map["claim"])
    assert found["single_network"] == 0.62
    assert found["run"] == {"value": 0.67, "low": 0.55, "high": 0.78, "n": 30}
    assert found["without_labels"]["value"] == 0.58
    assert found["alarm"] is False


def test_the_command_prints_what_one_network_lacks(place: Path, cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(place / "refit", folder)
    make_claim().write(folder)
    _, printed, _ = cli("export", folder, "--out", tmp_path / "one.onnx")
    assert "62.0 % is expected of one fold's network on new rows, and 67.0 % (55.0–78.0)" in printed


def pictures(drawn: Path, channels: int) -> np.ndarray:
    recipe = load_recipe(SETTINGS)
    grey = np.stack(network_inputs(sorted((drawn / "test").iterdir())[:5], recipe))
    return np.ascontiguousarray(np.repeat(grey, channels, axis=3))


def expected(folder: Path, images: np.ndarray) -> np.ndarray:
    network = load_network(folder, load_recipe(SETTINGS), 4)
    with torch.inference_mode():
        return eager(network, Compute(torch.device("cpu")))(images) if network.model.eval() else images


def test_an_onnx_file_answers_in_onnx_runtime(place: Path, drawn: Path) -> None:
    found = export(place / "refit", place / "one.onnx")
    assert found["network"].endswith("derived/test_resnet+refit/fold0")  # the network of all rows
    images = pictures(drawn, 1)
    session = onnxruntime.InferenceSession(place / "one.onnx", providers=["CPUExecutionProvider"])
    (given,), (made,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.type, given.shape[1:]) == ("images", "tensor(uint8)", [32, 32, 1])
    assert made.name == "probabilities"
    for count in (1, 5):
        answer = session.run(None, {"images": images[:count]})[0]
        np.testing.assert_allclose(answer, expected(Path(found["network"]), images[:count]), atol=1e-5)
    metadata = session.get_modelmeta().custom_metadata_map
    assert metadata == {key: value for key, value in found.items() if key not in ("file", "network")}
    state = json.loads((place / "refit" / "state.json").read_text())
    assert json.loads(metadata["class_names"]) == state["class_names"]
    assert json.loads(metadata["class_labels"]) == state["class_labels"]
    assert "padded to a square" in metadata["preprocessing"]
    assert "white where it is transparent" in metadata["preprocessing"]
    onnx.checker.check_model(onnx.load(place / "one.onnx"), full_check=True)


def test_an_openvino_file_answers_in_openvino(place: Path, drawn: Path) -> None:
    pytest.importorskip("openvino")
    found = export(place / "two", place / "sub" / "two.xml", "openvino", member="two", fold=1)
    assert sorted(file.name for file in (place / "sub").iterdir()) == ["two.bin", "two.xml"]
    assert found["network"].endswith("members/two/fold1")
    model = openvino_core().read_model(place / "sub" / "two.xml")
    assert json.loads(model.get_rt_info(["sketchfit", "class_names"]).astype(str)) == json.loads(found["class_names"])
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino_core().compile_model(model, "CPU", settings)
    images = pictures(drawn, 3)
    for count in (1, 5):
        answer = compiled(images[:count])[0]
        np.testing.assert_allclose(answer, expected(Path(found["network"]), images[:count]), atol=1e-5)


def test_the_file_alone_labels_as_predict_does(place: Path, drawn: Path) -> None:
    """What `fit` made has one network, so that the whole run answers as the file."""
    from sketchfit.api.fit import fit

    fit(drawn, SETTINGS, out=place / "fit")
    export(place / "fit", place / "fit.onnx")
    session = onnxruntime.InferenceSession(place / "fit.onnx", providers=["CPUExecutionProvider"])
    files = sorted((drawn / "test").iterdir())[:5]
    prob = session.run(None, {"images": pictures(drawn, 1)})[0]
    names = json.loads(session.get_modelmeta().custom_metadata_map["class_names"])
    frame = predict(place / "fit", files)
    assert frame["name"].tolist() == [names[index] for index in prob.argmax(axis=1)]
    np.testing.assert_allclose(frame["probability"].astype(float), prob.max(axis=1), atol=2e-6)


def test_the_command(place: Path, cli: Callable[..., tuple[int, str, str]]) -> None:
    status, printed, _ = cli("export", place / "refit", "--out", place / "cli.onnx", "--fold", 1)
    assert status == 0
    assert printed.splitlines()[0] == (f"{RunFolder(place / 'refit').fold('test_resnet', 1)} → {place / 'cli.onnx'}")
    assert "input: images: uint8 [N, 32, 32, 1]" in printed
    assert (place / "cli.onnx").is_file()


@pytest.mark.parametrize(
    ("run_name", "out", "options", "message"),
    [
        ("two", "x.onnx", {}, "this run has the members one, two"),
        ("two", "x.onnx", {"member": "three"}, "no member 'three'"),
        ("refit", "x.onnx", {"fold": 7}, "holds no trained network"),
        ("refit", "x.pt", {}, "ends in .onnx"),
        ("refit", "x.onnx", {"format": "openvino"}, "ends in .xml"),
        ("refit", "x.pb", {"format": "tf"}, "no format 'tf'"),
        ("nothing", "x.onnx", {}, "holds no run"),
    ],
)
def test_mistakes_are_told(place: Path, run_name: str, out: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        export(place / run_name, place / out, **options)
    assert not (place / out).exists()


def test_missing_packages_are_named(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "missing_packages", lambda packages: ["onnxruntime"])
    with pytest.raises(UserError, match=r"needs onnxruntime[\s\S]*pip install 'sketchfit\[fast\]'"):
        export(place / "refit", place / "x.onnx")
