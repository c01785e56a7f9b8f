"""The store: every image decoded, oriented and resized once, in a memory-mapped uint8 array.

The name of a store's folder is a digest of the content of the image files and of the settings. So folds, members and
runs share it, and a changed image makes a new one. A store is built in a temporary folder that is renamed when it is
complete: an interrupted build leaves nothing that is used.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from sketchfit.data.cache.limit import cache_limit, clear_cache_remains, make_room
from sketchfit.data.cache.use import mark_used
from sketchfit.data.digests import ContentDigests, content_digests
from sketchfit.data.image_pass import Decoding
from sketchfit.data.images import ImageError
from sketchfit.data.in_threads import in_threads
from sketchfit.data.store_build import ImagePass, build_stores
from sketchfit.data.store_files import IMAGES, INDEX, PAPER
from sketchfit.data.store_names import store_names
from sketchfit.data.store_settings import StoreSettings
from sketchfit.disk import DiskError, writing
from sketchfit.errors import DataError
from sketchfit.files import read_json
from sketchfit.runs.arrays import map_npy, read_npy
from sketchfit.runs.file_crc import has_crc
from sketchfit.runs.marks import mark_cache

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Store:
    """Images of one split, row by row.

    Attributes:
        images: uint8 [N, S, S, C], memory-mapped; C is 1 where all drawings are grey.
        paper: uint8 [N, C], colour of each drawing's paper.
        errors: N texts; empty where the image was read, else why not. Such a row is white.
        damage: N texts; empty where the file is complete, else what is wrong with it. What could be decoded is stored.
        folder: the store's folder; its name names the content of the images.
        built: whether this call built it.
        names: that the same pixels may have, also in earlier versions and with other decoders; see `store_names`.
    """

    images: NDArray[np.uint8]
    paper: NDArray[np.uint8]
    errors: tuple[str, ...]
    damage: tuple[str, ...]
    folder: Path
    built: bool
    names: tuple[str, ...] = ()

    @property
    def readable(self) -> NDArray[np.bool_]:
        """bool [N]: rows whose image was read."""
        return np.array([not error for error in self.errors], dtype=bool)


def open_store(
    root: Path, paths: Sequence[str], settings: StoreSettings, cache: Path, decoding: Decoding | None = None
) -> Store:
    """Open the store of these images, built first if it is missing; see `open_stores`."""
    return open_stores(root, paths, (settings,), cache, decoding)[0]


def open_stores(
    root: Path, paths: Sequence[str], settings: Sequence[StoreSettings], cache: Path, decoding: Decoding | None = None
) -> list[Store]:
    """Open several stores of the same images. Missing ones are built in one pass: each image is decoded once for all.

    Several processes may do this at once.

    Args:
        root: folder that `paths` are relative to.
        paths: image files; one that is missing or cannot be read becomes a white row with its error.
        settings: of each store; those with another limit of pixels take a pass of their own.
        cache: folder of all stores.
        decoding: threads, progress and further receivers of the images.

    Returns:
        One store per item of `settings`.

    Raises:
        UserError: the cache folder cannot be written.
    """
    cache_limit()  # a mistake in it is found before anything is read
    clear_cache_remains(cache)
    decoding = decoding or Decoding()
    files = [root / path for path in paths]
    try:
        with writing(cache):
            content = list(in_threads(_file_digests, files, decoding.workers))
            names = {one: store_names(content, one.__dict__) for one in settings}
            folders = {one: _folder(cache, names[one]) for one in settings}
            found, built = _opened(files, folders, cache, decoding)
    except DiskError:
        raise
    except OSError as error:
        raise DataError(
            f"the image store cannot be written to {cache}: {error.strerror or error}",
            "Choose another folder: set SKETCHFIT_CACHE, or --set data.cache=FOLDER",
        ) from error
    return [replace(found[one], built=one in built, names=names[one]) for one in settings]


def _folder(cache: Path, names: Sequence[str]) -> Path:
    """Return the folder of a store: that of another name where it is there, so that nothing is made again."""
    there = (cache / name for name in names if (cache / name / INDEX).is_file())
    return next(there, cache / names[0])


def _opened(
    files: Sequence[Path], folders: Mapping[StoreSettings, Path], cache: Path, decoding: Decoding
) -> tuple[dict[StoreSettings, Store], set[StoreSettings]]:
    """Return the stores, and which of them were built now; nothing is written where none has to be."""
    found = {one: store for one, folder in folders.items() if (store := _intact(folder)) is not None}
    if len(found) == len(folders):
        return found, set()
    mark_cache(cache)
    with ExitStack() as locks:
        for folder in sorted(set(folders.values())):  # sorted, so that two processes never wait for each other
            locks.enter_context(FileLock(cache / f"{folder.name}.lock"))
        found |= {one: store for one in folders.keys() - found if (store := _intact(folders[one])) is not None}
        missing = {one: folder for one, folder in folders.items() if one not in found}
        for folder in missing.values():
            if (folder / INDEX).is_file():
                log.warning(f"the image store {folder} is damaged; it is built again")
        make_room(cache, sum(len(files) * one.size**2 for one in missing))
        for limit in sorted({one.max_pixels for one in missing}):
            alike = {one: folder for one, folder in missing.items() if one.max_pixels == limit}
            build_stores(alike, ImagePass(files, limit, decoding.workers, decoding.progress, decoding.receiver(limit)))
        return found | {one: stored(folder) for one, folder in missing.items()}, set(missing)


def stored(folder: Path) -> Store:
    """Open the complete store in a folder."""
    index = read_json(folder / INDEX)
    images = map_npy(folder / IMAGES)
    mark_used(folder, images)
    return Store(
        images=images,
        paper=read_npy(folder / PAPER),
        errors=tuple(index["errors"]),
        damage=tuple(index["damage"]),
        folder=folder,
        built=False,
    )


def _intact(folder: Path) -> Store | None:
    """Return the store in a folder; None where it is not complete, or damaged."""
    try:
        content = read_json(folder / INDEX).get("content", {})  # older versions wrote none
        found = stored(folder)
        return found if all(has_crc(folder / name, crc) for name, crc in content.items()) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError):
        return None


def _file_digests(path: Path) -> ContentDigests:
    try:
        return content_digests(path)
    except ImageError as error:  # a row that cannot be read stays a row
        return ContentDigests.of(str(error).encode())
