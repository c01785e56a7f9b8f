"""Joined stores: caches must not take the images of one pair for those of another."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sketchfit.data.joined_stores import join_stores
from tests.factories import make_store


def test_its_name_names_the_images_of_both():
    images = np.zeros((2, 4, 4, 1), np.uint8)
    train, test, other = (make_store(images, Path("cache") / name) for name in ("store-a", "store-b", "store-c"))
    names = {join_stores(train, one).folder for one in (test, other)} | {train.folder}
    assert names == {Path("cache/store-a+store-b"), Path("cache/store-a+store-c"), Path("cache/store-a")}
