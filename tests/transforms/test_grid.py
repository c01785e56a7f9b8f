from __future__ import annotations

import numpy as np
import pytest

from sketchfit.config.load import load_recipe
from sketchfit.transforms.augment import augment_for
from sketchfit.transforms.grid import policy_grid
from sketchfit.transforms.rng import sample_rng
from tests.factories import tiny_recipe


@pytest.mark.parametrize("channels", [1, 3])
def test_cells_are_what_the_policy_draws(channels, drawn):
    image, paper = drawn(channels)
    recipe = load_recipe(tiny_recipe({"seed": 5, "model": {"input_size": 48}, "transforms": {"policy": "strokes"}}))
    sheet = policy_grid([image, 255 - image], [paper, 255 - paper], recipe, samples=3)
    assert sheet.shape == (2 * 50 + 2, 4 * 50 + 2, 3)
    assert sheet.dtype == np.uint8
    cell = augment_for(recipe.transforms, 48, 0, 1)(255 - image, 255 - paper, sample_rng(5, 2, 1))
    assert np.array_equal(sheet[52:100, 152:200], np.broadcast_to(cell, (48, 48, 3)))


def test_mixing_shows_in_the_grid():
    images = [np.full((32, 32, 1), value, np.uint8) for value in (0, 255, 0, 255)]
    papers = [np.full(1, 255, np.uint8)] * 4
    plain = policy_grid(images, papers, load_recipe(tiny_recipe({"transforms": {"policy": "none"}})))
    mixing = {"policy": "none", "mixing": {"mixup_alpha": 1.0}}
    mixed = policy_grid(images, papers, load_recipe(tiny_recipe({"transforms": mixing})))
    assert set(np.unique(plain)) == {0, 160, 255}
    assert len(np.unique(mixed)) > 3
    assert np.array_equal(mixed[:, :34], plain[:, :34])
