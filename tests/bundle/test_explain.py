"""An explanation of the tiny bundle's answer: its class, where the heat is, its picture and its neighbours."""

from __future__ import annotations

import base64
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from sketchfit.bundle.explain import data_url, explain
from sketchfit.bundle.manifest import BundleManifest
from sketchfit.bundle.model import BundleModel
from sketchfit.bundle.neighbours import Neighbours
from tests.bundles import tiny_features, tiny_picture, tiny_probabilities, write_tiny_bundle


@pytest.fixture
def model(tmp_path: Path) -> BundleModel:
    return model_of(write_tiny_bundle(tmp_path, neighbours=True), tmp_path)


def model_of(manifest: BundleManifest, folder: Path) -> BundleModel:
    """The tiny bundle with its formulas in NumPy."""

    def run(pictures: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        outputs = [tiny_probabilities(pictures), tiny_features(pictures)]
        return outputs if manifest.features else outputs[:1]

    return BundleModel(manifest, run, folder)


def test_covering_the_line_lowers_its_class(model: BundleModel) -> None:
    picture = tiny_picture("horizontal")
    found = explain(model, picture)
    assert (found.label, found.name) == ("0", "horizontal line")
    assert found.probability == pytest.approx(tiny_probabilities(picture[None])[0, 0], abs=1e-6)
    heat = np.array(found.heat)
    assert heat.shape == (8, 8)
    assert (heat[[3, 4]].max(axis=1) > heat[[0, 1, 6, 7]].max()).all()
    assert found.neighbours == ()


def test_another_class_can_be_explained(model: BundleModel) -> None:
    found = explain(model, tiny_picture("horizontal"), label=2)
    assert found.name == "dot"
    assert np.array(found.heat).min() < 0


def test_neighbours_are_of_the_same_kind(model: BundleModel) -> None:
    neighbours = Neighbours.of_bundle(model.folder, model.manifest)
    near = explain(model, tiny_picture("vertical"), neighbours).neighbours
    assert [one.name for one in near[:2]] == ["vertical line"] * 2
    assert near[0].similarity > 0.98
    assert [one.similarity for one in near] == sorted((one.similarity for one in near), reverse=True)
    bare = model_of(model.manifest.model_copy(update={"features": 0}), model.folder)
    assert explain(bare, tiny_picture("vertical"), neighbours).neighbours == ()


@pytest.mark.parametrize("channels", [1, 3])
def test_a_data_url_holds_the_picture(channels: int) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, channels), dtype=np.uint8)
    kind, _, text = data_url(picture).partition(",")
    assert kind == "data:image/png;base64"
    read = cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_UNCHANGED)
    assert_array_equal(read.reshape(5, 7, channels)[:, :, ::-1], picture)
