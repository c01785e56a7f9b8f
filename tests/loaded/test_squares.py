"""Squares become the store of a member."""

from __future__ import annotations

import numpy as np
import pytest

from sketchfit.data.store_settings import StoreSettings
from sketchfit.loaded.squares import stored_squares


@pytest.mark.parametrize(
    ("given", "channels", "expected"), [(1, "auto", 1), (3, "auto", 3), (3, 1, 1), (1, 3, 3), (1, 1, 1)]
)
def test_size_and_channels_are_those_of_the_store(given: int, channels: object, expected: int) -> None:
    pictures = np.full((2, 20, 20, given), 100, np.uint8)
    store = stored_squares(pictures, np.full(given, 200, np.uint8), StoreSettings(12, channels=channels))  # type: ignore[arg-type]
    assert store.images.shape == (2, 12, 12, expected)
    assert store.paper.tolist() == [[200] * expected] * 2
    assert (store.images == 100).all()
    assert store.readable.all()


def test_pictures_of_the_size_of_the_store_are_unchanged() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 1)).astype(np.uint8)
    assert np.array_equal(stored_squares(pictures, np.array([255], np.uint8), StoreSettings(8)).images, pictures)
