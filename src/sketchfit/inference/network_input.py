"""The network's input from an image file, the same as from a store."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.recipe import Recipe
from sketchfit.data.images import ImageError, decode
from sketchfit.data.stores import store_settings
from sketchfit.transforms.resample import resize


def network_input(path: Path, recipe: Recipe) -> NDArray[np.uint8]:
    """Return a drawing at the input size, uint8 [size, size, C]; a white one where it cannot be read."""
    settings, size = store_settings(recipe), recipe.model.size
    try:
        image = decode(path, max_pixels=settings.max_pixels)
    except (ImageError, OSError):
        return np.full((size, size, 1), 255, dtype=np.uint8)
    return resize(settings.square(image)[0], size)


def network_inputs(paths: Sequence[Path], recipe: Recipe) -> list[NDArray[np.uint8]]:
    """Return `network_input` of many files, with the threads of the recipe."""
    with ThreadPoolExecutor(recipe.compute.threads) as pool:
        return list(pool.map(lambda path: network_input(path, recipe), paths))
