"""A published network predicts as the network of the run with its temperature, wherever it is loaded from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import sketchfit
from sketchfit.api.predict import predict
from sketchfit.api.run import run as train
from sketchfit.checksum import KEY
from sketchfit.commands.bundle.chosen_network import choose_network
from sketchfit.commands.push import push
from sketchfit.errors import UserError
from sketchfit.inference.calibration import Temperature
from sketchfit.loaded import place as place_module
from sketchfit.loaded.load import load
from sketchfit.loaded.place import held_by
from sketchfit.runs.networks import NetworkFolder
from sketchfit.runs.run import Run
from sketchfit.synthetic import draw_dataset
from tests.contracts.loaded_model import check_loaded_model
from tests.factories import Cli, tiny_recipe
from tests.hub.fake_hub import FakeHub

Change = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawings in `data`, PNG copies of five in `png`, a run in `run`, its network in `out`. Not to be changed."""
    folder = tmp_path_factory.mktemp("published")
    draw_dataset(folder / "data", classes=4, per_class=12, test_per_class=2, copies=0.0)
    (folder / "png").mkdir()
    for path in sorted((folder / "data" / "test").iterdir())[:5]:
        cv2.imwrite(str(folder / "png" / f"{path.stem}.png"), cv2.imread(str(path)))
    train(folder / "data", tiny_recipe(), out=folder / "run")
    push(folder / "run", folder / "out")
    return folder


@pytest.fixture(scope="module")
def published(place: Path) -> Path:
    return place / "out"


@pytest.fixture(scope="module")
def images(place: Path) -> list[Path]:
    return sorted((place / "png").iterdir())


def test_it_fulfils_the_contract(published: Path, images: list[Path]) -> None:
    check_loaded_model(load(published), images)


def test_it_answers_as_the_network_of_the_run(place: Path, published: Path) -> None:
    """Rows that the network held out, through files, decoding and resizing."""
    run = Run.open(place / "run")
    chosen = choose_network(run)
    own = NetworkFolder(chosen.folder.path).probabilities("oof")
    paths = [place / "data" / run.rows.paths[row] for row in own.row]
    expected = Temperature(chosen.temperature).apply(own.prob)
    np.testing.assert_allclose(load(published).proba(paths), expected, atol=2e-5)


def test_the_command_answers_as_the_model(published: Path, images: list[Path]) -> None:
    frame, found = predict(published, images), load(published).predict(images)
    assert frame["label"].tolist() == found.labels
    np.testing.assert_allclose(frame["probability"].astype(float), found.proba.max(axis=1), atol=1e-6)
    assert frame.attrs["accuracy"] is None


def test_sets_and_rejection(published: Path, images: list[Path]) -> None:
    frame = predict(published, images, sets=0.9, reject=0.5)
    assert [json.loads(text) for text in frame["set"]] == load(published).sets(images, 0.9)
    assert frame["p_value"].between(0, 1).all()
    assert ((frame["p_value"] <= 0.5) == (frame["label"] == "unknown")).all()


@pytest.mark.parametrize("rate", [0.0, 1e-6, 1.0])
def test_rates_that_cannot_be_promised(published: Path, images: list[Path], rate: float) -> None:
    with pytest.raises(UserError):
        predict(published, images, reject=rate)


def test_a_coverage_that_is_not_stated(published: Path, images: list[Path]) -> None:
    with pytest.raises(UserError, match=r"0\.123"):
        predict(published, images, sets=0.123)


def test_from_the_hub(place: Path, images: list[Path], hub: FakeHub, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    push(place / "run", "me/doodles")
    expected = sketchfit.load("hf://me/doodles").proba(images)
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)  # now from the cache
    hub.requests.clear()
    status, out, err = cli("predict", "hf://me/doodles", *images)
    assert status == 0, err
    assert hub.requests == []
    lines = [line.split(",") for line in out.splitlines()[1:]]
    np.testing.assert_allclose([float(line[4]) for line in lines], expected.max(axis=1), atol=1e-6)


def test_mistakes(published: Path, images: list[Path], hub: FakeHub, cli: Cli) -> None:
    assert cli("predict", "hf://me/nothing", *images)[0] == 2
    assert cli("predict", "hf://nothing", *images)[0] == 2
    assert cli("predict", published, "--distilled", *images)[0] == 2
    with pytest.raises(UserError):
        load(published, distilled=True)


def of(key: str, *changes: tuple[str, Any]) -> Change:
    def change(content: dict[str, Any]) -> None:
        content[key].update(changes)

    return change


@pytest.mark.parametrize(
    "change",
    [
        of("network", ("architecture", "no_such_model")),
        of("network", ("architecture", "hf-hub:others/evil")),
        of("network", ("architecture", "test_vit")),
        of("preprocessing", ("size", 3)),
        of("preprocessing", ("resize", "shear")),
        of("arguments", ("checkpoint_path", "/etc/passwd")),
        of("arguments", ("no_such_argument", 1)),
        lambda content: content.update(labels=content["labels"][:2], names=content["names"][:2]),
        lambda content: content.update(version=99),
    ],
)
def test_files_of_others_end_in_a_sentence(published: Path, tmp_path: Path, change: Change) -> None:
    folder = tmp_path / "out"
    shutil.copytree(published, folder)
    content = json.loads((folder / "sketchfit.json").read_text())
    content.pop(KEY)
    change(content)
    (folder / "sketchfit.json").write_text(json.dumps(content))
    with pytest.raises(UserError):
        load(folder)


def test_damaged_weights(published: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    shutil.copytree(published, folder)
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-5] ^= 1
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(UserError, match="damaged"):
        load(folder)


def test_what_a_folder_holds(published: Path, plain: Path, tmp_path: Path) -> None:
    assert held_by(published) == "published"
    assert held_by(plain) == "run"
    assert held_by(tmp_path) == "run"
    (tmp_path / "bundle.json").write_text("{}")
    assert held_by(tmp_path) == "bundle"


def test_a_bundle_is_used_without_torch(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "both"
    shutil.copytree(published, folder)
    (folder / "bundle.json").write_text("{}")
    assert held_by(folder) == "published"
    monkeypatch.setattr(place_module, "find_spec", lambda _: None)
    assert held_by(folder) == "bundle"
    assert held_by(published) == "published"
