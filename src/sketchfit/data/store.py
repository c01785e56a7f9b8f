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
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import cv2
import numpy as np
from filelock import FileLock
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from sketchfit.data.images import ImageError, decode, read_image_file
from sketchfit.data.resize import Resize, to_square
from sketchfit.errors import UserError
from sketchfit.files import read_json

VERSION = 1
"""Raised when the same settings would give other pixels."""

Progress = Callable[[int], None]

See = Callable[[int, bytes | None, NDArray[np.uint8] | ImageError], None]
"""Is shown each image of a pass: (row, the file's content or None, the decoded image or why there is none). Called from
several threads, in any order; the image is not to be changed."""

Watch = Callable[[int], See | None]
"""Asked once before a pass over the images, with its limit of pixels: who wants to see them, if anybody."""


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
    watch: Watch = lambda _: None,
) -> Store:
    """Open the store of these images, building it first where it is missing; see `open_stores`."""
    return open_stores(root, paths, (settings,), cache, progress, threads, watch)[0]


def open_stores(
    root: Path,
    paths: Sequence[str],
    settings: Sequence[StoreSettings],
    cache: Path,
    progress: Progress = lambda _: None,
    threads: int | None = None,
    watch: Watch = lambda _: None,
) -> list[Store]:
    """Open several stores of the same images. Those missing are built in one pass, each image decoded once for all.

    Safe with several processes at once.

    Args:
        root: folder that `paths` are relative to.
        paths: image files; one that is missing or can't be read becomes a row of white paper with its error.
        settings: of each store; those with another limit of pixels take a pass of their own.
        cache: folder of all stores.
        progress: called with the number of images done so far.
        watch: gives who else is to see the decoded images; not asked where nothing has to be built.

    Returns:
        A store for each of `settings`.

    Raises:
        UserError: the cache folder can't be written.
    """
    threads = threads or os.cpu_count() or 1
    try:
        cache.mkdir(parents=True, exist_ok=True)
        content = _content(root, paths, threads)
        folders = {one: cache / f"store-{_key(content, one)}" for one in settings}
        with ExitStack() as locks:
            for folder in sorted(set(folders.values())):  # sorted: two processes never wait for each other
                locks.enter_context(FileLock(cache / f"{folder.name}.lock"))
            missing = {one: folder for one, folder in folders.items() if not (folder / "store.json").is_file()}
            for limit in sorted({one.max_pixels for one in missing}):
                alike = {one: folder for one, folder in missing.items() if one.max_pixels == limit}
                _build(alike, root, paths, limit, progress, threads, watch(limit))
    except OSError as error:
        raise UserError(
            f"the image store can't be written to {cache}: {error.strerror or error}",
            "Choose another folder: set SKETCHFIT_CACHE, or --set data.cache=FOLDER",
        ) from error
    return [_opened(folders[one], one in missing) for one in settings]


def _opened(folder: Path, built: bool) -> Store:
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
    return _key(_content(root, paths, threads), settings)


def _key(content: bytes, settings: StoreSettings) -> str:
    digest = hashlib.blake2b(json.dumps([VERSION, settings.__dict__]).encode(), digest_size=12)
    digest.update(content)
    return digest.hexdigest()


def _content(root: Path, paths: Sequence[str], threads: int) -> bytes:
    with ThreadPoolExecutor(threads) as pool:
        return b"".join(pool.map(lambda path: _file_digest(root / path), paths))


def _file_digest(path: Path) -> bytes:
    try:
        return hashlib.blake2b(path.read_bytes(), digest_size=16).digest()
    except OSError as error:  # a row that can't be read stays a row
        return f"{type(error).__name__:16.16}".encode()


def _build(
    folders: Mapping[StoreSettings, Path],
    root: Path,
    paths: Sequence[str],
    max_pixels: int,
    progress: Progress,
    threads: int,
    see: See | None,
) -> None:
    parts = {one: folder.with_name(f".{folder.name}.{os.getpid()}.part") for one, folder in folders.items()}
    for folder in folders.values():
        for stale in folder.parent.glob(f".{folder.name}.*.part"):
            shutil.rmtree(stale, ignore_errors=True)
    try:
        for part in parts.values():
            part.mkdir()
        pixels = [_Pixels(part, len(paths), one) for one, part in parts.items()]
        errors = _read_images(pixels, root, paths, max_pixels, progress, threads, see)
        for one in pixels:
            one.finish()
        for settings, part in parts.items():
            _put_in_place(part, folders[settings], settings, errors)
    finally:
        for part in parts.values():
            shutil.rmtree(part, ignore_errors=True)


def _put_in_place(part: Path, folder: Path, settings: StoreSettings, errors: list[str]) -> None:
    (part / "store.json").write_text(
        json.dumps({"version": VERSION, "settings": settings.__dict__, "errors": errors}), encoding="utf-8"
    )
    for name in ("images.npy", "paper.npy", "store.json"):
        with (part / name).open("rb") as file:
            os.fsync(file.fileno())
    shutil.rmtree(folder, ignore_errors=True)  # whatever lies there has no store.json
    part.rename(folder)


def _read_images(
    stores: Sequence[_Pixels],
    root: Path,
    paths: Sequence[str],
    max_pixels: int,
    progress: Progress,
    threads: int,
    see: See | None,
) -> list[str]:
    """The pass: each image read and decoded once, put into every store and shown to `see`; gives the errors."""
    cv2.setNumThreads(1)  # one thread an image is faster than several threads on one

    def read(row: int) -> str:
        data = None
        try:
            data = read_image_file(root / paths[row])
            image = decode(data, max_pixels=max_pixels)
        except ImageError as error:
            if see is not None:
                see(row, data, error)
            return str(error)
        if see is not None:
            see(row, data, image)
        for store in stores:
            store.put(row, image)
        return ""

    errors = []
    with ThreadPoolExecutor(threads) as pool:
        for done, error in enumerate(pool.map(read, range(len(paths))), start=1):
            errors.append(error)
            progress(done)
    for row in (row for row, error in enumerate(errors) if error):
        for store in stores:
            store.leave_white(row)
    return errors


class _Pixels:
    """The arrays of a store that is being built.

    Grey drawings go to one and coloured ones to another: only at the end is it known which the store is.
    """

    def __init__(self, part: Path, count: int, settings: StoreSettings) -> None:
        size = settings.size
        self._part, self._settings = part, settings
        self._grey = open_memmap(part / "grey.npy", mode="w+", dtype=np.uint8, shape=(count, size, size, 1))
        self._colour = open_memmap(part / "colour.npy", mode="w+", dtype=np.uint8, shape=(count, size, size, 3))
        self._paper = np.full((count, 3), 255, dtype=np.uint8)
        self._is_colour = np.zeros(count, dtype=bool)

    def put(self, row: int, image: NDArray[np.uint8]) -> None:
        """Resize and keep a decoded image."""
        image = _channels(image, self._settings.channels)
        square, self._paper[row] = to_square(image, self._settings.size, self._settings.resize)
        self._is_colour[row] = square.shape[2] == 3
        (self._colour if self._is_colour[row] else self._grey)[row] = square

    def leave_white(self, row: int) -> None:
        """White paper, for an image that can't be read."""
        self._grey[row] = 255

    def finish(self) -> None:
        """Keep the array that holds them all, as `images.npy`, and the paper."""
        if self._is_colour.any() or self._settings.channels == 3:
            for row in np.flatnonzero(~self._is_colour):
                self._colour[row] = self._grey[row]
            _keep(self._part, self._colour, "colour.npy", "grey.npy")
            np.save(self._part / "paper.npy", self._paper)
        else:
            _keep(self._part, self._grey, "grey.npy", "colour.npy")
            np.save(self._part / "paper.npy", self._paper[:, :1])


def _keep(part: Path, array: np.memmap[Any, Any], keep: str, drop: str) -> None:
    array.flush()
    (part / drop).unlink()
    (part / keep).rename(part / "images.npy")


def _channels(image: NDArray[np.uint8], channels: Literal["auto", 1, 3]) -> NDArray[np.uint8]:
    if image.ndim == 3 and channels == 1:
        image = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    return image[:, :, None] if image.ndim == 2 else image


def join_stores(first: Store, second: Store) -> Store:
    """Both stores' images as one, row by row, nothing copied: the second's rows follow the first's.

    Where one is grey and the other coloured, pictures of the grey one have three equal channels.
    """
    channels = max(first.images.shape[-1], second.images.shape[-1])
    paper = np.concatenate([np.broadcast_to(one.paper, (len(one.paper), channels)) for one in (first, second)])
    images = cast(Any, _Joined(first.images, second.images, channels))
    return Store(images, paper, first.errors + second.errors, first.folder, built=False)


class _Joined:
    """What training needs of an array of images: one picture at a time."""

    def __init__(self, first: NDArray[np.uint8], second: NDArray[np.uint8], channels: int) -> None:
        self._first, self._second, self._channels = first, second, channels

    def __getitem__(self, row: int) -> NDArray[np.uint8]:
        after = row - len(self._first)
        image = self._first[row] if after < 0 else self._second[after]
        return image if image.shape[-1] == self._channels else np.repeat(image, self._channels, axis=-1)
