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
    monkeypatch.setattr("sketchfit.training.map_cache.MOST_BYTES", 2 * 20_000 + 1000)
    for number, key in enumerate(("first", "second", "third")):
        open_maps(tmp_path, key, (100, 100), lambda: [np.zeros((100, 100), np.float32)])  # 20,000 bytes and a header
        for path in tmp_path.glob(f"maps-{key}.*"):
            os.utime(path, (number, number))
        if key == "second":
            open_maps(tmp_path, "first", (100, 100), list)  # it is used again
    left = sorted(path.stem for path in tmp_path.glob("maps-*.npy"))
    assert left == ["maps-first", "maps-third"]


def test_maps_of_a_read_only_cache_are_read(tmp_path, monkeypatch):
    values = np.ones((4, 4), np.float16)
    open_maps(tmp_path, "k", (4, 4), lambda: [values])
    before = sorted(path.stat().st_mtime_ns for path in tmp_path.iterdir() if path.suffix != ".used")
    monkeypatch.setattr("sketchfit.training.map_cache.os.access", lambda *_: False)
    monkeypatch.setattr("sketchfit.training.map_cache.FileLock", None)
    assert np.array_equal(open_maps(tmp_path, "k", (4, 4), list), values)
    assert sorted(path.stat().st_mtime_ns for path in tmp_path.iterdir() if path.suffix != ".used") == before


def test_a_missing_part_is_an_error_and_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="12 values"):
        open_maps(tmp_path, "k", (4, 4), lambda: [np.zeros((3, 4), np.float32)])
    assert not list(tmp_path.glob("*.npy"))
