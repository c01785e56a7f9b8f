"""A bundle in memory gives the values of its graph, and refuses what is damaged."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from sketchfit.bundle.manifest import PREPARED
from sketchfit.bundle.model import BATCH, BundleModel
from sketchfit.bundle.runtimes import Runtime
from sketchfit.errors import UserError
from sketchfit.runs.arrays import write_npz
from tests.bundles import LABELS, tiny_features, tiny_picture, tiny_probabilities, write_tiny_bundle

KINDS = ("horizontal", "vertical", "dot")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_tiny_bundle(tmp_path / "bundle")
    return tmp_path / "bundle"


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_the_values_are_those_of_the_graph(folder: Path, runtime: Runtime) -> None:
    pytest.importorskip(runtime)
    model = BundleModel.open(folder, runtime, threads=1)
    pictures = np.stack([tiny_picture(kind) for kind in KINDS])
    found = model.predict_prepared(pictures)
    assert model.labels == LABELS
    np.testing.assert_allclose(found.probabilities, tiny_probabilities(pictures), atol=1e-5)
    assert found.features is not None
    np.testing.assert_allclose(found.features, tiny_features(pictures), atol=1e-5)
    assert found.probabilities.argmax(axis=1).tolist() == [0, 1, 2]


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_threads_do_not_affect_each_other(folder: Path, runtime: Runtime) -> None:
    pytest.importorskip(runtime)
    model = BundleModel.open(folder, runtime, threads=1)
    rng = np.random.default_rng(0)
    batches = [rng.integers(0, 256, (1 + n % 3, 32, 32, 3)).astype(np.uint8) for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(model.predict_prepared, batches))
    for batch, answers in zip(batches, found, strict=True):
        np.testing.assert_allclose(answers.probabilities, tiny_probabilities(batch), atol=1e-5)


def test_a_network_of_single_images_gives_the_same(folder: Path) -> None:
    pictures = np.stack([tiny_picture(kind) for kind in KINDS])
    expected = BundleModel.open(folder).predict_prepared(pictures)
    write_tiny_bundle(folder, any_batch=False)
    found = BundleModel.open(folder).predict_prepared(pictures)
    np.testing.assert_array_equal(found.probabilities, expected.probabilities)
    np.testing.assert_array_equal(found.features, expected.features)


def test_more_images_than_a_batch_come_in_order(folder: Path) -> None:
    count = BATCH + 3
    found = BundleModel.open(folder).proba(tiny_picture(KINDS[n % 3]) for n in range(count))
    assert found.argmax(axis=1).tolist() == [n % 3 for n in range(count)]


def test_probabilities_that_are_not_finite_are_an_error(folder: Path) -> None:
    model = BundleModel.open(folder)
    broken = BundleModel(model.manifest, lambda pictures: [np.full((len(pictures), 3), np.nan, np.float32)], folder)
    with pytest.raises(ArithmeticError):
        broken.proba([tiny_picture("dot")])


def test_no_image_gives_no_row(folder: Path) -> None:
    found = BundleModel.open(folder).predict([])
    assert found.probabilities.shape == (0, 3)
    assert found.features is not None
    assert found.features.shape == (0, 4)


@pytest.mark.parametrize("shape", [(50, 20), (20, 50, 3), (1, 1), (7, 9, 1)])
def test_images_of_any_size_are_prepared(folder: Path, shape: tuple[int, ...]) -> None:
    picture = BundleModel.open(folder).prepare(np.full(shape, 255, np.uint8))
    assert picture.shape == (32, 32, 3)
    assert picture.min() == 255


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4), np.float32), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4), np.uint8), np.zeros(4, np.uint8)],
)
def test_other_arrays_are_refused(folder: Path, image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8"):
        BundleModel.open(folder).prepare(image)


def test_a_changed_network_is_refused(folder: Path) -> None:
    content = bytearray((folder / PREPARED).read_bytes())
    content[100] ^= 1
    (folder / PREPARED).write_bytes(content)
    with pytest.raises(UserError, match=PREPARED):
        BundleModel.open(folder)


@pytest.mark.parametrize("name", ["bundle.json", PREPARED])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(UserError, match=name):
        BundleModel.open(folder)


def test_a_folder_without_int8_or_an_unknown_runtime_is_refused(folder: Path) -> None:
    with pytest.raises(UserError, match="int8"):
        BundleModel.open(folder, int8=True)
    with pytest.raises(UserError, match="onnxruntime, openvino"):
        BundleModel.open(folder, "tensorrt")  # type: ignore[arg-type]


def test_a_graph_with_other_outputs_is_refused(folder: Path) -> None:
    from sketchfit.bundle.files import facts_of

    content = (folder / PREPARED).read_bytes().replace(b"probabilities", b"probabilitied")
    (folder / PREPARED).write_bytes(content)
    write_facts = {PREPARED: facts_of(folder / PREPARED)}
    from sketchfit.bundle.manifest import BundleManifest

    manifest = BundleManifest.read(folder)
    manifest.model_copy(update={"files": {**manifest.files, **write_facts}}).write(folder)
    with pytest.raises(UserError, match="outputs"):
        BundleModel.open(folder)


def test_the_test_image_is_compared(folder: Path) -> None:
    BundleModel.open(folder).check()
    image = tiny_picture("horizontal")
    write_npz(folder / "test_vector.npz", {"image": image, "probabilities": tiny_probabilities(image[None]) + 0.01})
    write_tiny_manifest(folder)
    with pytest.raises(UserError, match="other probabilities"):
        BundleModel.open(folder).check()


def write_tiny_manifest(folder: Path) -> None:
    from tests.bundles import tiny_manifest

    tiny_manifest(folder).write(folder)
