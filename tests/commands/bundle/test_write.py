"""A bundle answers as the network that it was made of, and says what it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
import torch

from sketchfit.bundle.files import facts_of, open_manifest
from sketchfit.bundle.manifest import COMPLETE, PREPARED, BundleManifest
from sketchfit.bundle.model import BundleModel
from sketchfit.bundle.neighbours import Neighbours
from sketchfit.commands.bundle.chosen_network import choose_network
from sketchfit.commands.bundle.options import BundleOptions
from sketchfit.commands.bundle.write import write_bundle
from sketchfit.data.images import decode
from sketchfit.data.store import open_store
from sketchfit.data.stores import store_settings
from sketchfit.errors import UserError
from sketchfit.inference.calibration import Temperature
from sketchfit.inference.predictor import Predictor
from sketchfit.runs.arrays import read_npz
from sketchfit.runs.run import Run


@pytest.fixture(scope="module")
def expected(plain: Path, drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """Probabilities of the test drawings by the network as `sketchfit predict` computes them, calibrated."""
    run = Run.open(plain)
    chosen = choose_network(run)
    paths = [f"test/{path.name}" for path in sorted((drawn / "test").iterdir())]
    store = open_store(drawn, paths, store_settings(chosen.recipe), tmp_path_factory.mktemp("store"))
    predictor = Predictor.of(chosen.load(run), chosen.recipe, torch.device("cpu"), "eager")
    prob = predictor.probabilities(store, np.arange(len(paths)))
    return Temperature(chosen.temperature).apply(prob)


@pytest.fixture(scope="module")
def images(drawn: Path) -> list[np.ndarray]:
    return [decode(path) for path in sorted((drawn / "test").iterdir())]


def test_the_graph_from_images_answers_as_predict(bundle: Path, images: list[np.ndarray], expected: np.ndarray) -> None:
    session = onnxruntime.InferenceSession(bundle / COMPLETE, providers=["CPUExecutionProvider"])
    shaped = [image if image.ndim == 3 else image[:, :, None] for image in images]
    found = np.concatenate([session.run(["probabilities"], {"image": image[None]})[0] for image in shaped])
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).all()


def test_the_graph_from_pictures_answers_as_predict(
    bundle: Path, images: list[np.ndarray], expected: np.ndarray
) -> None:
    model = BundleModel.open(bundle)
    np.testing.assert_allclose(model.proba(images), expected, atol=1e-4)
    model.check()


def test_the_manifest(bundle: Path, plain: Path) -> None:
    found, run = BundleManifest.read(bundle), Run.open(plain)
    chosen = choose_network(run)
    assert found.labels == run.table.class_labels
    assert (found.network.name, found.network.source) == (chosen.name, "fold")
    assert found.temperature == chosen.temperature
    assert found.preprocessing.channels == 1
    assert found.complete
    assert found.any_batch
    assert found.features > 0
    assert found.sets is not None
    assert found.unknown is not None
    assert len(found.unknown.known) == len(run.rows.label)  # of all folds, which are more than the test rows
    assert found.cost is not None
    assert (found.cost.networks, found.cost.passes) == (2, 2)
    assert found.accuracy.network is not None
    assert found.accuracy.network.n == len(run.rows.label)
    assert {path.name for path in bundle.iterdir()} == {BundleManifest.PLACE, *found.files}
    for name, facts in found.files.items():
        assert facts == facts_of(bundle / name, facts.what)
        assert facts.what
    assert str(plain) not in (bundle / BundleManifest.PLACE).read_text()


def test_graphs_have_their_labels(bundle: Path) -> None:
    for name, given in ((COMPLETE, "image"), (PREPARED, "images")):
        session = onnxruntime.InferenceSession(bundle / name, providers=["CPUExecutionProvider"])
        assert [one.name for one in session.get_inputs()] == [given]
        assert [one.name for one in session.get_outputs()] == ["probabilities", "features"]
        metadata = session.get_modelmeta().custom_metadata_map
        assert metadata["input"].startswith(f"{given}: uint8")
        assert "class_labels" in metadata


def test_the_test_vector_is_torchs(bundle: Path) -> None:
    vector = read_npz(bundle / "test_vector.npz")
    session = onnxruntime.InferenceSession(bundle / COMPLETE, providers=["CPUExecutionProvider"])
    found = session.run(["probabilities"], {"image": vector["image"][None]})[0]
    np.testing.assert_allclose(found, vector["probabilities"], atol=1e-3)


def test_neighbours_are_training_drawings(bundle: Path, plain: Path) -> None:
    found, run = Neighbours.of_bundle(bundle, open_manifest(bundle)), Run.open(plain)
    assert found is not None
    assert found.label.tolist() == run.rows.label.tolist()
    image = decode(run.table.root / run.rows.paths[3])
    answer = BundleModel.open(bundle).predict([image]).features
    assert answer is not None
    assert found.nearest(answer[0], 1)[0].row == 3


def test_the_example_labels_images(bundle: Path, drawn: Path, expected: np.ndarray, tmp_path: Path) -> None:
    """Also a drawing on transparent paper: black on white, as in `predict`."""
    files = sorted((drawn / "test").iterdir())[:2]
    grey = cv2.imread(str(files[0]), cv2.IMREAD_GRAYSCALE)
    assert grey is not None
    transparent = tmp_path / "transparent.png"
    black = np.zeros_like(grey)
    cv2.imwrite(str(transparent), np.dstack([black, black, black, 255 - grey]))
    command = [sys.executable, str(bundle / "example.py"), *map(str, files), str(transparent)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    labels = BundleManifest.read(bundle).labels
    wanted = [labels[index] for index in expected[[0, 1, 0]].argmax(axis=1)]
    assert [line.split("\t")[1] for line in lines] == wanted
    assert float(lines[0].split("\t")[2]) == pytest.approx(expected[0].max(), abs=2e-3)


def test_the_example_scales_16_bits(bundle: Path, drawn: Path, expected: np.ndarray, tmp_path: Path) -> None:
    grey = cv2.imread(str(min((drawn / "test").iterdir())), cv2.IMREAD_GRAYSCALE)
    assert grey is not None
    wide = tmp_path / "wide.png"
    cv2.imwrite(str(wide), grey.astype(np.uint16) * 257)
    command = [sys.executable, str(bundle / "example.py"), str(wide)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert float(printed.split("\t")[2]) == pytest.approx(expected[0].max(), abs=2e-3)


def test_a_bundle_is_replaced_and_nothing_else(plain: Path, bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    first = write_bundle(Run.open(plain), out, BundleOptions(fold=0))
    second = write_bundle(Run.open(plain), out, BundleOptions(fold=1))
    assert (first.network.name[-1], second.network.name[-1]) == ("0", "1")
    assert BundleManifest.read(out) == second
    (out / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match=r"notes\.txt"):
        write_bundle(Run.open(plain), out)
    assert BundleManifest.read(out) == second
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_licence_that_the_weights_forbid(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sketchfit.candidates.origin import WeightsOrigin
    from sketchfit.commands.bundle import origins

    monkeypatch.setattr(origins, "weights_origin", lambda _: WeightsOrigin("a", "cc-by-nc-4.0"))
    with pytest.raises(UserError, match="mit"):
        write_bundle(Run.open(plain), tmp_path / "out", BundleOptions(licence="mit"))
    assert not (tmp_path / "out").exists()


def test_a_fit_has_no_accuracy(drawn: Path, tiny_file: Path, cli, tmp_path: Path) -> None:
    status, _, errors = cli("fit", drawn, "--recipe", tiny_file, "--out", tmp_path / "fit")
    assert status == 0, errors
    found = write_bundle(Run.open(tmp_path / "fit"), tmp_path / "out", BundleOptions(neighbours=True))
    assert (found.network.source, found.accuracy.network, found.sets) == ("refit", None, None)
    assert found.unknown is not None
    assert len(found.unknown.known) == 12  # the test rows, which it has not learnt
    assert found.temperature == 1
    assert found.ink is not None
    assert len(Neighbours.of_bundle(tmp_path / "out", found) or ()) == 32
    BundleModel.open(tmp_path / "out").check()
