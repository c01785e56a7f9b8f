"""An explanation of the tiny bundle's answer: its class, where the heat is, its picture and its neighbours."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from sketchfit.bundle.explain import data_url, explain
from sketchfit.bundle.manifest import BundleManifest
from sketchfit.bundle.neighbours import Neighbours
from tests.bundles import tiny_features, tiny_neighbours, tiny_picture, tiny_probabilities, write_tiny_bundle


@dataclass
class _Answers:
    probabilities: NDArray[np.float32]
    features: NDArray[np.float32] | None


@dataclass
class _Model:
    manifest: BundleManifest
    with_features: bool = True

    def predict_prepared(self, pictures: NDArray[np.uint8]) -> _Answers:
        return _Answers(tiny_probabilities(pictures), tiny_features(pictures) if self.with_features else None)


@pytest.fixture
def model(tmp_path: Path) -> _Model:
    return _Model(write_tiny_bundle(tmp_path))


def test_the_line_itself_speaks_for_its_class(model: _Model) -> None:
    picture = tiny_picture("horizontal")
    found = explain(model, picture)
    assert (found.label, found.name) == ("0", "horizontal line")
    assert found.probability == pytest.approx(tiny_probabilities(picture[None])[0, 0], abs=1e-6)
    heat = np.array(found.heat)
    assert heat.shape == (8, 8)
    assert (heat[[3, 4]].max(axis=1) > heat[[0, 1, 6, 7]].max()).all()
    assert found.neighbours == ()


def test_another_class_can_be_explained(model: _Model) -> None:
    found = explain(model, tiny_picture("horizontal"), label=2, grid=4)
    assert found.name == "dot"
    assert np.array(found.heat).min() < 0


def test_neighbours_are_of_the_same_kind(model: _Model, tmp_path: Path) -> None:
    tiny_neighbours(30).write(tmp_path)
    near = explain(model, tiny_picture("vertical"), Neighbours.find(tmp_path)).neighbours
    assert len(near) == 8
    assert {one.name for one in near} == {"vertical line"}
    assert near[0].similarity > 0.98
    model.with_features = False
    assert explain(model, tiny_picture("vertical"), Neighbours.find(tmp_path)).neighbours == ()


@pytest.mark.parametrize("channels", [1, 3])
def test_a_data_url_holds_the_picture(channels: int) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, channels), dtype=np.uint8)
    kind, _, text = data_url(picture).partition(",")
    assert kind == "data:image/png;base64"
    read = cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_UNCHANGED)
    assert_array_equal(read.reshape(5, 7, channels)[:, :, ::-1], picture)
