"""The store: every image decoded, oriented and resized once, into a memory-mapped uint8 array.

A store is keyed by the content of its files and by its settings, so folds, members and runs share it, and a changed
picture makes a new one. It is built in a folder of its own that is renamed when it is whole: an interrupted build
leaves nothing that is trusted.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from filelock import FileLock
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from sketchfit.data.images import ImageError, decode
from sketchfit.data.resize import Resize, to_square
from sketchfit.errors import UserError
from sketchfit.files import read_json

VERSION = 1
"""Raised when the same settings would give other pixels."""

Progress = Callable[[int], None]


@dataclass(frozen=True)
class StoreSettings:
    """What decides the pixels of a store; fields as in `DataSection`."""

    size: int
    resize: Resize = "pad"
    channels: Literal["auto", 1, 3] = "auto"
    max_pixels: int = 100_000_000


@dataclass(frozen=True)
class Store:
    """Images of one split, row by row.

    Attributes:
        images: uint8 [N, S, S, C], memory-mapped; C is 1 where all drawings are grey.
        paper: uint8 [N, C], colour of each drawing's paper.
        errors: N texts; empty where the image was read, else why not. Such a row holds white paper.
        folder: where it lies.
        built: whether this call made it.
    """

    images: NDArray[np.uint8]
    paper: NDArray[np.uint8]
    errors: tuple[str, ...]
    folder: Path
    built: bool

    @property
    def readable(self) -> NDArray[np.bool_]:
        """bool [N]: rows whose image was read."""
        return np.array([not error for error in self.errors], dtype=bool)


def default_cache() -> Path:
    """`$SKETCHFIT_CACHE`, else `sketchfit` in the user's cache folder."""
    if given := os.environ.get("SKETCHFIT_CACHE"):
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sketchfit"


def open_store(
    root: Path,
    paths: Sequence[str],
    settings: StoreSettings,
    cache: Path,
    progress: Progress = lambda _: None,
    threads: int | None = None,
) -> Store:
    """Open the store of these images, building it first where it is missing. Safe with several processes at once.

    Args:
        root: folder that `paths` are relative to.
        paths: image files; one that is missing or can't be read becomes a row of white paper with its error.
        cache: folder of all stores.
        progress: called with the number of images done so far.

    Raises:
        UserError: the cache folder can't be written.
    """
    threads = threads or os.cpu_count() or 1
    try:
        cache.mkdir(parents=True, exist_ok=True)
        folder = cache / f"store-{store_key(root, paths, settings, threads)}"
        with FileLock(cache / f"{folder.name}.lock"):
            built = not (folder / "store.json").is_file()
            if built:
                _build(folder, root, paths, settings, progress, threads)
    except OSError as error:
        raise UserError(
            f"the image store can't be written to {cache}: {error.strerror or error}",
            "Choose another folder: set SKETCHFIT_CACHE, or --set data.cache=FOLDER",
        ) from error
    index = read_json(folder / "store.json")
    return Store(
        images=np.load(folder / "images.npy", mmap_mode="r"),
        paper=np.load(folder / "paper.npy"),
        errors=tuple(index["errors"]),
        folder=folder,
        built=built,
    )


def store_key(root: Path, paths: Sequence[str], settings: StoreSettings, threads: int = 1) -> str:
    """Hex key of the files' content in their order, and of the settings."""
    digest = hashlib.blake2b(json.dumps([VERSION, settings.__dict__]).encode(), digest_size=12)
    with ThreadPoolExecutor(threads) as pool:
        for file_digest in pool.map(lambda path: _file_digest(root / path), paths):
            digest.update(file_digest)
    return digest.hexdigest()


def _file_digest(path: Path) -> bytes:
    try:
        return hashlib.blake2b(path.read_bytes(), digest_size=16).digest()
    except OSError as error:  # a row that can't be read stays a row
        return f"{type(error).__name__:16.16}".encode()


def _build(
    folder: Path, root: Path, paths: Sequence[str], settings: StoreSettings, progress: Progress, threads: int
) -> None:
    for stale in folder.parent.glob(f".{folder.name}.*.part"):
        shutil.rmtree(stale, ignore_errors=True)
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    part.mkdir()
    try:
        errors = _write_images(part, root, paths, settings, progress, threads)
        (part / "store.json").write_text(
            json.dumps({"version": VERSION, "settings": settings.__dict__, "errors": errors}), encoding="utf-8"
        )
        for name in ("images.npy", "paper.npy", "store.json"):
            with (part / name).open("rb") as file:
                os.fsync(file.fileno())
        shutil.rmtree(folder, ignore_errors=True)  # whatever lies there has no store.json
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write_images(
    part: Path, root: Path, paths: Sequence[str], settings: StoreSettings, progress: Progress, threads: int
) -> list[str]:
    """Grey drawings go to one array and coloured ones to another: only at the end is it known which the store is."""
    cv2.setNumThreads(1)  # one thread an image is faster than several threads on one
    count, size = len(paths), settings.size
    grey = open_memmap(part / "grey.npy", mode="w+", dtype=np.uint8, shape=(count, size, size, 1))
    colour = open_memmap(part / "colour.npy", mode="w+", dtype=np.uint8, shape=(count, size, size, 3))
    paper = np.full((count, 3), 255, dtype=np.uint8)
    is_colour = np.zeros(count, dtype=bool)

    def write(row: int) -> str:
        try:
            image = _channels(decode(root / paths[row], max_pixels=settings.max_pixels), settings.channels)
        except ImageError as error:
            grey[row] = 255
            return str(error)
        square, paper[row] = to_square(image, size, settings.resize)
        is_colour[row] = square.shape[2] == 3
        (colour if is_colour[row] else grey)[row] = square
        return ""

    errors = []
    with ThreadPoolExecutor(threads) as pool:
        for done, error in enumerate(pool.map(write, range(count)), start=1):
            errors.append(error)
            progress(done)
    if is_colour.any() or settings.channels == 3:
        for row in np.flatnonzero(~is_colour):
            colour[row] = grey[row]
        _keep(part, colour, "colour.npy", "grey.npy")
        np.save(part / "paper.npy", paper)
    else:
        _keep(part, grey, "grey.npy", "colour.npy")
        np.save(part / "paper.npy", paper[:, :1])
    return errors


def _keep(part: Path, array: np.memmap[Any, Any], keep: str, drop: str) -> None:
    array.flush()
    (part / drop).unlink()
    (part / keep).rename(part / "images.npy")


def _channels(image: NDArray[np.uint8], channels: Literal["auto", 1, 3]) -> NDArray[np.uint8]:
    if image.ndim == 3 and channels == 1:
        image = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    return image[:, :, None] if image.ndim == 2 else image
