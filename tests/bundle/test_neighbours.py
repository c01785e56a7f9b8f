"""Nearest training drawings: similarities by hand, and files that are damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sketchfit.bundle.neighbours import FILE, Neighbours
from sketchfit.errors import UserError
from sketchfit.runs.arrays import write_npz
from tests.bundles import write_tiny_bundle


def three() -> Neighbours:
    features = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]], np.float32)
    return Neighbours(features, np.array([0, 1, 1]), np.arange(3 * 64 * 64 * 3, dtype=np.uint8).reshape(3, 64, 64, 3))


def read(folder: Path) -> Neighbours:
    return Neighbours.of_content((folder / FILE).read_bytes(), folder / FILE)


def test_the_nearest_come_first_by_cosine(tmp_path: Path) -> None:
    three().write(tmp_path)
    stored = read(tmp_path)
    found = stored.nearest(np.array([0.0, 5.0]), 2)
    assert [near.row for near in found] == [1, 2]
    assert [near.similarity for near in found] == pytest.approx([1, 0.7071], abs=1e-3)
    assert len(stored.nearest(np.array([1.0, 1.0]), 8)) == 3
    assert (stored.thumbnail == three().thumbnail).all()


def test_features_of_zeros_have_no_direction(tmp_path: Path) -> None:
    three().write(tmp_path)
    assert [near.similarity for near in read(tmp_path).nearest(np.zeros(2))] == [0, 0, 0]


def test_the_file_must_be_that_of_the_manifest(tmp_path: Path) -> None:
    manifest = write_tiny_bundle(tmp_path, neighbours=True)
    found = Neighbours.of_bundle(tmp_path, manifest)
    assert found is not None
    assert len(found) == 6
    assert Neighbours.of_bundle(tmp_path, manifest.model_copy(update={"files": {}})) is None
    with pytest.raises(UserError, match="labels"):
        Neighbours.of_bundle(tmp_path, manifest.model_copy(update={"labels": ("a", "b")}))
    three().write(tmp_path)
    with pytest.raises(UserError, match=FILE):
        Neighbours.of_bundle(tmp_path, manifest)


@pytest.mark.parametrize(
    "changes",
    [
        {"label": np.zeros(2, np.int64)},
        {"label": np.zeros(3, np.float32)},
        {"thumbnail": np.zeros((3, 64, 64), np.uint8)},
        {"thumbnail": np.zeros((3, 64, 64, 3), np.float32)},
        {"features": np.zeros(3, np.float16)},
        {"features": np.full((3, 2), np.nan, np.float16)},
        {"features": None},
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    made = three()
    arrays = {"features": made.features, "label": made.label, "thumbnail": made.thumbnail} | changes
    write_npz(tmp_path / FILE, {name: value for name, value in arrays.items() if value is not None})
    with pytest.raises(UserError, match=FILE):
        read(tmp_path)
