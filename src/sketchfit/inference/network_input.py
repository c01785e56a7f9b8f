"""What a network gets of an image file, as the store and the evaluation would make it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.config.recipe import Recipe
from sketchfit.data.images import ImageError, decode
from sketchfit.data.resize import to_square
from sketchfit.data.stores import store_settings
from sketchfit.transforms.augment import eval_augment


def network_input(path: Path, recipe: Recipe) -> NDArray[np.uint8]:
    """A drawing before it is normalised: uint8 [size, size, C]; white where it can't be read."""
    settings, size = store_settings(recipe), recipe.model.input_size
    try:
        image = decode(path, max_pixels=settings.max_pixels)
    except (ImageError, OSError):
        return np.full((size, size, 1), 255, dtype=np.uint8)
    if image.ndim == 3 and settings.channels == 1:
        image = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    square, paper = to_square(image if image.ndim == 3 else image[:, :, None], settings.size, settings.resize)
    return eval_augment(size)(square, paper, _GENERATOR)


def network_inputs(paths: Sequence[Path], recipe: Recipe) -> list[NDArray[np.uint8]]:
    """`network_input` of many files, by the recipe's threads."""
    with ThreadPoolExecutor(recipe.compute.threads) as pool:
        return list(pool.map(lambda path: network_input(path, recipe), paths))


_GENERATOR = np.random.Generator(np.random.Philox(0))  # evaluation draws nothing from it
