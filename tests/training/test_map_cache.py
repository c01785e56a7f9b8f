"""Maps on disk: read again unless damaged, complete or absent, and not without bound."""

from __future__ import annotations

import os

import numpy as np
import pytest

from sketchfit.training.map_cache import open_maps


def test_maps_are_read_again_unless_damaged(tmp_path):
    values = np.arange(12, dtype=np.float16).reshape(3, 2, 2)
    made: list[int] = []

    def compute() -> list[np.ndarray]:
        made.append(1)
        return [values[:2], values[2:]]

    for _ in range(2):
        assert np.array_equal(open_maps(tmp_path, "k", (3, 2, 2), compute), values)
    assert len(made) == 1
    with (tmp_path / "maps-k.npy").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x01")
    assert np.array_equal(open_maps(tmp_path, "k", (3, 2, 2), compute), values)
    assert len(made) == 2


def test_the_oldest_maps_make_room(tmp_path, monkeypatch):
    monkeypatch.setattr("sketchfit.training.map_cache.MOST_BYTES", 2 * 32)
    for number, key in enumerate(("first", "second", "third")):
        open_maps(tmp_path, key, (4, 4), lambda: [np.zeros((4, 4), np.float32)])
        os.utime(tmp_path / f"maps-{key}.npy", (number, number))
        if key == "second":
            os.utime(tmp_path / "maps-first.npy", (9, 9))  # it was used again
    left = sorted(path.stem for path in tmp_path.glob("maps-*.npy"))
    assert left == ["maps-first", "maps-third"]


def test_a_missing_part_is_an_error_and_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="12 values"):
        open_maps(tmp_path, "k", (4, 4), lambda: [np.zeros((3, 4), np.float32)])
    assert not list(tmp_path.glob("*.npy"))
