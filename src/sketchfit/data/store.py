"""The store: every image decoded, oriented and resized once, in a memory-mapped uint8 array.

The name of a store's folder is a digest of the content of the image files and of the settings. So folds, members and
runs share it, and a changed image makes a new one. A store is built in a temporary folder that is renamed when it is
complete: an interrupted build leaves nothing that is used.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from sketchfit.checksum import sealed
from sketchfit.data.cache.limit import cache_limit, make_room
from sketchfit.data.cache.use import mark_used
from sketchfit.data.decoders import large
from sketchfit.data.digests import ContentDigests, content_digests
from sketchfit.data.images import Decoded, ImageError, decode_image, read_image_file
from sketchfit.data.in_threads import in_threads
from sketchfit.data.resize import Resize, to_square
from sketchfit.data.store_names import VERSION, store_names
from sketchfit.data.store_pixels import StorePixels
from sketchfit.disk import DiskError, writing
from sketchfit.errors import UserError
from sketchfit.files import read_json
from sketchfit.processors import cores
from sketchfit.runs.arrays import map_npy, read_npy
from sketchfit.runs.file_crc import file_crc, has_crc
from sketchfit.runs.marks import mark_cache

INDEX, ARRAYS = "store.json", ("images.npy", "paper.npy")
"""Files of a store."""

log = logging.getLogger(__name__)

Progress = Callable[[int], None]
"""Called with the number of images done so far."""

ReceiveImage = Callable[[int, bytes | None, Decoded | ImageError], None]
"""Receives each image of a pass: (row, content of the file or None, decoded image or why there is none). Called from
several threads, in any order; must not change the image."""

Receiver = Callable[[int], ReceiveImage | None]
"""Called once before a pass over the images with its limit of pixels; returns what receives the images, or None."""


@dataclass(frozen=True)
class StoreSettings:
    """What decides the pixels of a store; fields as in `DataSection`."""

    size: int
    resize: Resize = "pad"
    channels: Literal["auto", 1, 3] = "auto"
    max_pixels: int = 100_000_000

    def square(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return a decoded image [H, W] or [H, W, 3] as it is stored, uint8 [S, S, C], and its paper colour [C]."""
        if image.ndim == 3 and self.channels == 1:
            image = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        return to_square(image if image.ndim == 3 else image[:, :, None], self.size, self.resize)


@dataclass(frozen=True)
class Decoding:
    """How image files are decoded, without influence on the result.

    Attributes:
        threads: number of threads; by default that of the processors.
        progress: called with the number of images done so far.
        receiver: returns what else receives the decoded images; not called if nothing has to be decoded.
    """

    threads: int | None = None
    progress: Progress = lambda _: None
    receiver: Receiver = lambda _: None

    @property
    def workers(self) -> int:
        """Number of threads."""
        return self.threads or cores()


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
        raise UserError(
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
            _build(alike, _Pass(files, limit, decoding.workers, decoding.progress, decoding.receiver(limit)))
        return found | {one: stored(folder) for one, folder in missing.items()}, set(missing)


def stored(folder: Path) -> Store:
    """Open the complete store in a folder."""
    index = read_json(folder / INDEX)
    images = map_npy(folder / "images.npy")
    mark_used(folder, images)
    return Store(
        images=images,
        paper=read_npy(folder / "paper.npy"),
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


@dataclass(frozen=True)
class _Pass:
    """One pass over image files: each is read and decoded once."""

    files: Sequence[Path]
    max_pixels: int
    threads: int
    progress: Progress
    receive: ReceiveImage | None

    def fill(self, stores: Sequence[tuple[StoreSettings, StorePixels]]) -> dict[str, list[str]]:
        """Put each image into every store.

        Returns:
            `errors` and `damage` as in `Store`.
        """
        cv2.setNumThreads(1)  # one thread per image is faster than several threads on one image

        def put(row: int) -> tuple[str, str]:
            with large.one_image():
                image = self._image(row)
                for settings, store in stores:
                    if isinstance(image, ImageError):
                        store.leave_white(row)
                    else:
                        store.put(row, *settings.square(image.pixels))
            return (str(image), "") if isinstance(image, ImageError) else ("", image.damage)

        texts: dict[str, list[str]] = {"errors": [], "damage": []}
        found = in_threads(put, range(len(self.files)), self.threads)
        for done, (error, damage) in enumerate(found, start=1):
            texts["errors"].append(error)
            texts["damage"].append(damage)
            self.progress(done)
        return texts

    def _image(self, row: int) -> Decoded | ImageError:
        data: bytes | None = None
        image: Decoded | ImageError
        try:
            data = read_image_file(self.files[row])
            image = decode_image(data, max_pixels=self.max_pixels)
        except ImageError as error:
            image = error
        if self.receive is not None:
            self.receive(row, data, image)
        return image


def _build(folders: Mapping[StoreSettings, Path], images: _Pass) -> None:
    parts = {one: folder.with_name(f".{folder.name}.{os.getpid()}.part") for one, folder in folders.items()}
    for folder in folders.values():
        for stale in folder.parent.glob(f".{folder.name}.*.part"):
            shutil.rmtree(stale, ignore_errors=True)
    try:
        for part in parts.values():
            part.mkdir()
        pixels = [StorePixels(part, len(images.files), one.size, one.channels == 3) for one, part in parts.items()]
        texts = images.fill(list(zip(parts, pixels, strict=True)))
        for one in pixels:
            one.finish()
        for settings, part in parts.items():
            _put_in_place(part, folders[settings], settings, texts)
    finally:
        for part in parts.values():
            shutil.rmtree(part, ignore_errors=True)


def _put_in_place(part: Path, folder: Path, settings: StoreSettings, texts: Mapping[str, list[str]]) -> None:
    content = {name: file_crc(part / name) for name in ARRAYS}
    index = sealed({"version": VERSION, "settings": settings.__dict__, "content": content, **texts})
    (part / INDEX).write_text(json.dumps(index), encoding="utf-8")
    for name in (*ARRAYS, INDEX):
        with (part / name).open("rb") as file:
            os.fsync(file.fileno())
    shutil.rmtree(folder, ignore_errors=True)  # a folder of this name is not complete
    part.rename(folder)
