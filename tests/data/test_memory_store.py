"""Stores in memory have the pixels of stores on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sketchfit.data import memory_store
from sketchfit.data.memory_store import memory_stores
from sketchfit.data.store import open_stores
from sketchfit.data.store_settings import StoreSettings

SETTINGS = (StoreSettings(16), StoreSettings(24, "ink", 1), StoreSettings(16, "stretch", 3), StoreSettings(8, "crop"))


def files_of(folder: Path, coloured: bool) -> list[str]:
    """Drawings of several shapes, one of them cut off, and one that is no image."""
    rng = np.random.default_rng(0)
    for number, (height, width) in enumerate([(30, 20), (9, 40), (16, 16)]):
        pixels = np.full((height, width, 3), 250, np.uint8)
        pixels[2:6, 3:9] = rng.integers(0, 256, 3) if coloured and number == 1 else 30
        Image.fromarray(pixels).save(folder / f"{number}.png")
    content = (folder / "0.png").read_bytes()
    (folder / "cut.png").write_bytes(content[: len(content) * 9 // 10])
    (folder / "bad.png").write_bytes(b"nothing")
    return sorted(path.name for path in folder.glob("*.png"))


@pytest.mark.parametrize("coloured", [False, True])
def test_memory_equals_disk(tmp_path: Path, coloured: bool) -> None:
    (tmp_path / "images").mkdir()
    names = files_of(tmp_path / "images", coloured)
    on_disk = open_stores(tmp_path / "images", names, SETTINGS, tmp_path / "cache")
    in_memory = memory_stores([tmp_path / "images" / name for name in names], SETTINGS, threads=2)
    for first, second in zip(on_disk, in_memory, strict=True):
        assert np.array_equal(first.images, second.images)
        assert np.array_equal(first.paper, second.paper)
        assert (first.errors, first.damage) == (second.errors, second.damage)
    assert in_memory[0].images.shape[3] == (3 if coloured else 1)


def test_an_image_is_decoded_once_for_all_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[object] = []
    real = memory_store.decode_given
    monkeypatch.setattr(memory_store, "decode_given", lambda image, limit: decoded.append(limit) or real(image, limit))
    images = [np.full((5, 7), value, np.uint8) for value in range(20)]
    memory_stores(images, SETTINGS, threads=2)
    assert len(decoded) == 20
    large, small = StoreSettings(8, max_pixels=100), StoreSettings(8, max_pixels=10)
    first, second = memory_stores(images[:1], (large, small), threads=1)
    assert (first.errors, bool(second.errors[0])) == (("",), True)


def test_no_images() -> None:
    (store,) = memory_stores([], SETTINGS[:1], threads=2)
    assert (store.images.shape, store.errors) == ((0, 16, 16, 1), ())
