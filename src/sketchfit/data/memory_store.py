"""Image stores in memory: the pixels of `data.store`, without a cache and without a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sketchfit.data.fill_stores import fill_stores
from sketchfit.data.given_images import GivenImage, decode_given
from sketchfit.data.images import Decoded, ImageError
from sketchfit.data.row_pixels import RowPixels
from sketchfit.data.store import Store
from sketchfit.data.store_settings import StoreSettings

NOWHERE = Path("memory")
"""Folder of a store that has none."""


def memory_stores(images: Sequence[GivenImage], settings: Sequence[StoreSettings], threads: int) -> list[Store]:
    """Return stores of the same images in memory; each image is decoded once for all with the same limit of pixels.

    Args:
        images: an image that cannot be read becomes a white row with its error.
        settings: of each store.
        threads: that decode.

    Returns:
        One store per item of `settings`.
    """
    made: dict[StoreSettings, Store] = {}
    for limit in sorted({one.max_pixels for one in settings}):
        made |= _filled(images, [one for one in dict.fromkeys(settings) if one.max_pixels == limit], limit, threads)
    return [made[one] for one in settings]


def _filled(
    images: Sequence[GivenImage], settings: Sequence[StoreSettings], max_pixels: int, threads: int
) -> Mapping[StoreSettings, Store]:
    """Return the stores of settings with one limit of pixels."""
    pixels = {one: RowPixels(len(images), one.size, one.channels == 3) for one in settings}
    texts = fill_stores(pixels, lambda row: _decoded(images[row], max_pixels), len(images), threads)
    return {one: _store(rows, texts) for one, rows in pixels.items()}


def _decoded(image: GivenImage, max_pixels: int) -> Decoded | ImageError:
    try:
        return decode_given(image, max_pixels)
    except ImageError as error:
        return error


def _store(rows: RowPixels, texts: Mapping[str, Sequence[str]]) -> Store:
    images, paper = rows.filled()
    return Store(images, paper, tuple(texts["errors"]), tuple(texts["damage"]), NOWHERE, built=True)
