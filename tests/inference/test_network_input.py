"""The network's input from a file equals that from a store."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sketchfit.config.load import load_recipe
from sketchfit.data.store import open_store
from sketchfit.data.stores import store_settings
from sketchfit.inference.network_input import network_input, network_inputs
from sketchfit.transforms.augment import eval_augment
from tests.factories import tiny_recipe


@pytest.mark.parametrize("channels", ["auto", 1])
@pytest.mark.parametrize("resize", ["pad", "ink", "crop", "stretch"])
def test_input_from_file_and_store(tmp_path, channels, resize):
    recipe = load_recipe(tiny_recipe({"data": {"channels": channels, "resize": resize}}))
    image = np.full((50, 70, 3), 230, np.uint8)
    image[10:30, 20:60] = np.random.default_rng(0).integers(0, 256, (20, 40, 3))
    cv2.imwrite(str(tmp_path / "a.png"), image)
    cv2.imwrite(str(tmp_path / "b.png"), image[::-1])
    store = open_store(tmp_path, ["a.png", "b.png"], store_settings(recipe), tmp_path / "cache")
    expected = [eval_augment(32)(store.images[row], store.paper[row], None) for row in (0, 1)]
    found = network_inputs([tmp_path / "a.png", tmp_path / "b.png"], recipe)
    np.testing.assert_array_equal(found, expected)


def test_an_unreadable_file_is_white(tmp_path):
    (tmp_path / "a.png").write_bytes(b"nothing")
    recipe = load_recipe(tiny_recipe())
    for name in ("a.png", "gone.png"):
        assert (network_input(tmp_path / name, recipe) == 255).all()
