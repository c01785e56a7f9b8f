"""The image stores that recipes need: their settings, their folder, and opening several in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sketchfit.config.recipe import Recipe
from sketchfit.data.cache.folder import default_cache
from sketchfit.data.image_pass import Decoding, Receiver
from sketchfit.data.store import Store, open_stores
from sketchfit.data.store_settings import StoreSettings
from sketchfit.data.table import Split, Table
from sketchfit.files import read_json
from sketchfit.tracking.console import Console


def store_settings(recipe: Recipe) -> StoreSettings:
    """Return how the images of a member are stored."""
    largest = max(recipe.model.size, *(stage.size for stage in recipe.training.resize), 0)
    size = recipe.data.size or -(-largest * 9 // 64) * 8
    return StoreSettings(size, recipe.data.resize, recipe.data.channels, recipe.data.max_pixels)


def cache_folder(recipe: Recipe) -> Path:
    """Return the folder of image stores, of frozen features and of measurements."""
    return Path(recipe.data.cache).expanduser() if recipe.data.cache else default_cache()


def is_stored(cache: Path, settings: StoreSettings, rows: int) -> bool:
    """Return whether the cache has a store of these settings with so many rows, whatever its images are."""
    for path in cache.glob("store-*/store.json"):
        try:
            index = read_json(path)
            if index["settings"] == settings.__dict__ and len(index["errors"]) == rows:
                return True
        except (OSError, ValueError, KeyError):
            continue  # a damaged store, which this run need not open
    return False


def load_store(
    table: Table, split: Split, what: str, recipe: Recipe, console: Console, receiver: Receiver = lambda _: None
) -> Store:
    """Open the store of a split, showing a bar while it is built."""
    return load_stores(table, split, what, [recipe], console, receiver)[0]


def load_stores(
    table: Table,
    split: Split,
    what: str,
    recipes: Sequence[Recipe],
    console: Console,
    receiver: Receiver = lambda _: None,
) -> list[Store]:
    """Open the stores of a split for several members: those that share a cache are built in one pass.

    Args:
        receiver: see `Decoding`.
    """

    def opened(cache: Path, wanted: Sequence[StoreSettings]) -> list[Store]:
        with console.bar(f"decoding {what} images", len(split)) as advance:
            decoding = Decoding(progress=lambda done: advance(done, ""), receiver=receiver)
            return open_stores(table.root, split.paths, wanted, cache, decoding)

    keys = [(cache_folder(recipe), store_settings(recipe)) for recipe in recipes]
    stores: dict[tuple[Path, StoreSettings], Store] = {}
    for cache in dict.fromkeys(cache for cache, _ in keys):
        wanted = [key for key in dict.fromkeys(keys) if key[0] == cache]
        stores.update(zip(wanted, opened(cache, [settings for _, settings in wanted]), strict=True))
    return [stores[key] for key in keys]
