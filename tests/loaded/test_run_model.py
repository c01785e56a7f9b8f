"""A run in memory: the same answers as the command, no file, networks loaded once."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import sketchfit
from sketchfit.api.predict import predict
from sketchfit.api.run import run
from sketchfit.data.store import open_stores
from sketchfit.errors import UserError
from sketchfit.inference import kept_networks
from sketchfit.loaded import run_model as run_model_module
from sketchfit.loaded.run_model import run_of
from sketchfit.runs.networks import NetworkFolder
from sketchfit.runs.run import Run
from sketchfit.synthetic import draw_dataset
from tests.contracts.loaded_model import check_loaded_model, check_rejection
from tests.factories import tiny_recipe

RECIPE = tiny_recipe(
    {
        "inference": {"views": ["hflip", "five-crop0.8"]},
        "calibration": {"method": "temperature"},
        "members": {"one": {}, "two": {"model": {"input_size": 48}, "data": {"channels": "auto", "resize": "ink"}}},
    }
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawings in `data`, PNG copies of the test drawings in `png`, a run in `run`. Not to be changed by a test."""
    folder = tmp_path_factory.mktemp("loaded")
    draw_dataset(folder / "data", classes=4, per_class=8, test_per_class=3, copies=0.0)
    (folder / "png").mkdir()
    for path in (folder / "data" / "test").iterdir():
        Image.open(path).save(folder / "png" / f"{path.stem}.png")
    run(folder / "data", RECIPE, out=folder / "run")
    return folder


@pytest.fixture(scope="module")
def pngs(place: Path) -> list[Path]:
    return sorted((place / "png").iterdir())


@pytest.fixture(scope="module")
def model(place: Path) -> Any:
    return sketchfit.load(place / "run")


def test_the_contract(model: Any, pngs: list[Path]) -> None:
    check_loaded_model(model, pngs)


def test_answers_are_those_of_the_command_and_of_the_run(model: Any, place: Path) -> None:
    test = place / "data" / "test.csv"
    table = predict(place / "run", test)
    found = model.predict(test).to_pandas()
    assert found.equals(table)
    np.testing.assert_allclose(model.proba(test), Run.open(place / "run").test().prob, atol=2e-6)
    sets = predict(place / "run", test, sets=0.8)["set"].map(json.loads).tolist()
    assert model.sets(test, 0.8) == sets


def test_p_values_are_those_of_the_command(model: Any, place: Path) -> None:
    frame = predict(place / "run", place / "png", reject=0.5)
    np.testing.assert_allclose(model.unknown(place / "png"), frame["p_value"], atol=1e-6)


def test_rejected_images_are_those_of_the_command(model: Any, place: Path, pngs: list[Path]) -> None:
    check_rejection(model, pngs)
    assert model.predict(pngs, reject=0.5).labels == predict(place / "run", pngs, reject=0.5)["label"].tolist()


def test_images_in_memory_are_predicted_as_those_on_disk(model: Any, pngs: list[Path], tmp_path: Path) -> None:
    predictor, names = model.predictor, [path.name for path in pngs]
    on_disk = open_stores(pngs[0].parent, names, predictor.store_settings, tmp_path)
    assert np.array_equal(predictor.probabilities(on_disk, model.device), model.proba(pngs))


def test_parts_of_the_images_give_the_same_answers(
    model: Any, place: Path, pngs: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = model.proba(pngs)
    mixed = [*pngs[:5], place / "gone.png", *pngs[5:]]
    size = sum(3 * settings.size**2 for settings in model.predictor.store_settings)
    monkeypatch.setattr(run_model_module, "AT_ONCE", 4 * size)
    np.testing.assert_allclose(model.proba(iter(pngs)), expected, atol=1e-6)
    found = model.answers(mixed, np.array([0, 4, 11]))
    assert [bool(error) for error in found.errors] == [path.name == "gone.png" for path in mixed]
    assert [len(networks) for networks in found.answers.networks] == [2, 2]
    final = model.answers(mixed).answers.final
    assert np.array_equal(found.answers.final, final)
    for networks in found.answers.networks:
        assert [prob.shape for prob in networks] == [(3, 4), (3, 4)]
    alone = model.answers([mixed[4]], np.array([0])).answers.networks
    np.testing.assert_allclose(found.answers.networks[1][0][1], alone[1][0][0], atol=1e-6)


def test_networks_are_loaded_once(place: Path, pngs: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[Path] = []
    real = kept_networks.load_network
    monkeypatch.setattr(
        kept_networks, "load_network", lambda folder, *rest: loaded.append(folder) or real(folder, *rest)
    )
    model = sketchfit.load(place / "run")
    assert len(loaded) == 4
    for _ in range(2):
        model.predict(pngs)
    assert len(loaded) == len(set(loaded)) == 4


@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
def test_a_grey_image_and_then_a_coloured_one(place: Path, tmp_path: Path, backend: str) -> None:
    pytest.importorskip(backend)
    recipe = tiny_recipe({"data": {"channels": "auto"}, "inference": {"backend": backend}})
    run(place / "data", recipe, out=tmp_path / "run")
    model = sketchfit.load(tmp_path / "run")
    grey = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (64, 1))
    coloured = np.stack([grey, grey.T, grey], axis=2)
    before = model.proba(grey)
    found = model.proba(coloured)
    assert np.abs(found - before).max() > 1e-4
    np.testing.assert_allclose(found, sketchfit.load(tmp_path / "run").proba(coloured), atol=1e-6)


def test_nothing_is_written(place: Path, pngs: list[Path], cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def files() -> list[tuple[str, int]]:
        folders = (place, cache)
        return sorted((str(path), path.stat().st_mtime_ns) for folder in folders for path in folder.rglob("*"))

    def no_folder(*_: Any, **__: Any) -> None:
        raise AssertionError("a temporary file is made")

    before = files()
    monkeypatch.setattr("tempfile.mkdtemp", no_folder)
    monkeypatch.setattr("tempfile.mkstemp", no_folder)
    model = sketchfit.load(place / "run")
    model.sets(pngs)
    model.transform(pngs[0])
    assert predict(place / "run", pngs)["error"].tolist() == [""] * len(pngs)
    assert files() == before


def test_the_module_takes_what_transform_returns(place: Path, pngs: list[Path]) -> None:
    model = sketchfit.load(place / "run")
    module = model.module
    images = torch.stack([model.transform(path) for path in pngs])
    assert images.shape == (len(pngs), 3, 32, 32)
    with torch.inference_mode():
        found = torch.softmax(module(images), dim=1).numpy()
    single = model.answers(pngs, np.arange(len(pngs))).answers.networks[0][0]
    names = model.predictor.members[0].views.names
    if names == ("identity",):
        np.testing.assert_allclose(found, single, atol=1e-5)
    before = model.proba(pngs)
    for parameter in module.parameters():
        parameter.data.zero_()
    assert np.array_equal(model.proba(pngs), before)
    with pytest.raises(TypeError):
        model.transform(pngs)


def test_an_explanation_starts_from_the_answer_of_the_run(plain: Path, pngs: list[Path]) -> None:
    model = sketchfit.load(plain)
    found, proba = model.explain(pngs[0]), model.proba(pngs[0])[0]
    assert found.probability == pytest.approx(float(proba.max()), abs=1e-6)
    white = np.full((30, 40), 255, np.uint8)
    assert not model.explain(white).heat.any()


def test_an_open_run_is_loaded(place: Path, model: Any, pngs: list[Path]) -> None:
    found = sketchfit.load(Run.open(place / "run"), device="cpu")
    assert np.array_equal(found.proba(pngs), model.proba(pngs))


def test_its_text_names_run_classes_and_networks(model: Any, place: Path) -> None:
    assert repr(model) == f"RunModel({str(place / 'run')!r}: 4 classes, 4 networks, cpu)"
    alone = NetworkFolder(Path("fold0"))
    assert run_of(alone) == alone.path


def test_what_cannot_be_loaded(place: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no run"):
        sketchfit.load(tmp_path)
    with pytest.raises(UserError, match="student"):
        sketchfit.load(place / "run", distilled=True)
    for device in ("gpu", "cuda:99", "xpu"):
        with pytest.raises(UserError, match=device):
            sketchfit.load(place / "run", device=device)


def test_a_damaged_network_is_found_at_loading(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "run", tmp_path / "run")
    os.truncate(tmp_path / "run" / "members" / "two" / "fold1" / "model.safetensors", 1000)
    with pytest.raises(UserError, match="two/fold1"):
        sketchfit.load(tmp_path / "run")


def test_a_fit_has_no_sets(drawn: Path, pngs: list[Path], tmp_path: Path) -> None:
    sketchfit.fit(drawn, tiny_recipe(), out=tmp_path / "fit")
    model = sketchfit.load(tmp_path / "fit")
    assert model.proba(pngs).shape == (12, 4)
    with pytest.raises(UserError, match="out-of-fold"):
        model.sets(pngs)
