"""Features on disk, next to the image stores: `features-KEY.npy` and what its columns are, `features-KEY.json`.

The key names the images, the network and its weights, so folds, members, runs and commands share the files. A cache
that cannot be written or is damaged is passed over: the features are then computed again.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock
from numpy.typing import NDArray

from sketchfit._timm import timm
from sketchfit.bank.unfinished import Half, PassFiles, Unfinished
from sketchfit.checksum import DamagedError
from sketchfit.config.recipe import Recipe
from sketchfit.data.cache.limit import make_room
from sketchfit.data.cache.use import mark_used
from sketchfit.data.store import Store
from sketchfit.files import read_json, write_json
from sketchfit.models.backbone import expected_normalisation
from sketchfit.models.weights import read_metadata
from sketchfit.moving import delete_file
from sketchfit.runs.arrays import map_npy
from sketchfit.runs.file_crc import file_crc, has_crc
from sketchfit.runs.fingerprint import digest, file_digest

log = logging.getLogger(__name__)

LEAST_WIDTH = 512
"""Columns for which there must be room before the number of columns is known."""

VERSION = 1
"""Increased when the same network would give other features."""

MakeArray = Callable[[tuple[int, int]], Unfinished]
"""Returns an array of this shape, of zeros but for what an interrupted pass has computed."""


@dataclass(frozen=True)
class Stored:
    """Features of n images, as they are stored.

    Attributes:
        values: float16 [n, D]; each block is divided by its scale, so that float16 neither overflows nor loses small
            values.
        widths: columns per block; they sum to D.
        scales: one power of two per block.
    """

    values: Half
    widths: tuple[int, ...]
    scales: tuple[float, ...]

    def read(self) -> NDArray[np.float32]:
        """Return the features, a new array float32 [n, D]."""
        return self.rows(slice(None))

    def rows(self, rows: NDArray[np.int64] | NDArray[np.bool_] | slice) -> NDArray[np.float32]:
        """Return the features of some rows, a new array float32 [k, D]."""
        found = self.values[rows].astype(np.float32)
        found *= np.repeat(np.array(self.scales, dtype=np.float32), self.widths)
        return found


def features_key(recipe: Recipe, store: Store, device: torch.device, view: str = "") -> str:
    """Return the key of a store's features, hexadecimal: a digest of all that decides them.

    Args:
        recipe: of the network.
        store: of the images.
        device: on which the network computes.
        view: name of another picture of each image; empty: the entire image.

    Raises:
        UserError: there is no such backbone, or no such file of weights.
    """
    model = recipe.model
    normalisation = expected_normalisation(model)
    return digest(
        VERSION,
        timm.__version__,
        store.folder.name,  # names the content of the images
        [model.backbone, model.args, model.size, normalisation.mean, normalisation.std],
        _weights(recipe),
        [device.type, recipe.compute.precision],
        *([view] if view else []),
    )[:24]


def is_random(recipe: Recipe) -> bool:
    """Return whether weights of the backbone may be random, and so depend on the seed."""
    return not recipe.model.pretrained or recipe.model.partial_weights


def _weights(recipe: Recipe) -> list[Any]:
    """Return what identifies the weights: the seed of random ones, a file's content, or the place on the hub."""
    model = recipe.model
    path = None if model.weights is None else Path(model.weights).expanduser()
    if not model.pretrained:  # the file's metadata can still change the backbone's padding
        return ["seed", recipe.seed, {} if path is None else read_metadata(path)]
    if path is not None:
        return ["file", file_digest(path), *([recipe.seed] if is_random(recipe) else [])]
    config = timm.get_pretrained_cfg(model.backbone)
    return ["hub", config and [config.tag, config.hf_hub_id, config.hf_hub_filename, config.url]]


def open_stored(cache: Path, key: str, rows: int, extract: Callable[[MakeArray], Stored]) -> tuple[Stored, bool]:
    """Return the features of a key: from the cache, or computed and written to it.

    Several processes may do this at once. A process that is killed leaves what it has computed, and the next one
    continues there.

    Args:
        cache: folder of all caches.
        key: of the features.
        rows: number of images, at least 1.
        extract: computes the features in the array that it makes by its argument.

    Returns:
        The features, and whether they were computed now.
    """
    computed: Stored | None = None
    try:
        array, index = cache / f"features-{key}.npy", cache / f"features-{key}.json"
        if not os.access(cache, os.W_OK) and (found := _read(array, index, rows)) is not None:
            return found, False  # nothing can be locked in a read-only cache, and nothing changes there
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / f"features-{key}.lock"):
            found = _read(array, index, rows)
            if found is not None:
                return found, False
            for stale in cache.glob(f".features-{key}.*.part"):
                delete_file(stale)
            make_room(cache, 2 * rows * LEAST_WIDTH)
            files = PassFiles(cache, key)
            try:
                computed = _put_in_place(extract, files, array)
            except Exception:  # an interrupted process keeps them
                with suppress(OSError):
                    files.delete()
                raise
            what = {"version": VERSION, "widths": computed.widths, "scales": computed.scales}
            write_json(index, what | {"crc": file_crc(array)})
    except OSError:
        computed = computed or extract(lambda shape: Unfinished(np.zeros(shape, dtype=np.float16)))
    return computed, True


def _put_in_place(extract: Callable[[MakeArray], Stored], files: PassFiles, array: Path) -> Stored:
    """Compute features and move their file to its place; it is mapped again only there, as Windows needs it."""
    computed = extract(files.open)
    widths, scales = computed.widths, computed.scales
    del computed
    files.finish(array)
    return Stored(map_npy(array), widths, scales)


def _read(array: Path, index: Path, rows: int) -> Stored | None:
    """Return the features of these files; None where they are absent, damaged (which is logged) or of other rows."""
    try:
        what = read_json(index)
        if what["version"] != VERSION or "crc" not in what:
            return None
        if not has_crc(array, what["crc"]):
            raise DamagedError
        widths, scales = tuple(map(int, what["widths"])), tuple(map(float, what["scales"]))
        values = map_npy(array)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        log.warning(f"{array} is damaged; it is computed again")
        return None
    mark_used(array.with_suffix(""), values)
    fits = values.shape == (rows, sum(widths)) and values.dtype == np.float16 and len(widths) == len(scales)
    return Stored(values, widths, scales) if fits else None
