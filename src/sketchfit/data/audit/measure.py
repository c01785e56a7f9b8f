"""One pass over the image files: each is read and decoded once, and all that the audit needs is taken from it.

What was taken is cached in one file, keyed by the content of the image files and by the code and libraries that
measured them, so that a second audit of the same images reads no picture.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.data import images, traits
from sketchfit.data.audit import broken
from sketchfit.data.audit.broken import Kind, oddities_of, why_unreadable
from sketchfit.data.duplicates import Signatures, signature, take_signature
from sketchfit.data.images import MAX_BYTES, ImageError, decode
from sketchfit.data.traits import TRAIT_NAMES, jpeg_quality, measure, shrink, trait_values
from sketchfit.errors import UserError
from sketchfit.files import write_npz

Progress = Callable[[int], None]
T = TypeVar("T")

SIGNATURE_SIDE = 1024
"""Larger drawings are shrunk to this longer side before copies are looked for."""
_THUMBNAIL_QUALITY = 88


@dataclass(frozen=True)
class Measured:
    """What was taken from N image files.

    Attributes:
        content: bytes32 [N], digest of each file's bytes.
        pixels: bytes32 [N], digest of each image's pixels.
        reason: N texts; empty where the image was read, else why not.
        kinds: for each file what is wrong or odd about it: (kind, words), often nothing.
        values: float64 [N, T], `trait_values`; NaN where unreadable.
        moments: float64 [N, 2, 3], mean and mean square of R, G and B (0 … 1) over the image; NaN where unreadable.
        signatures: for finding copies; unreadable rows count as not drawn.
        thumbnails: N JPEG files in RGB or grey; empty where unreadable.
    """

    content: NDArray[np.bytes_]
    pixels: NDArray[np.bytes_]
    reason: tuple[str, ...]
    kinds: tuple[tuple[tuple[Kind, str], ...], ...]
    values: NDArray[np.float64]
    moments: NDArray[np.float64]
    signatures: Signatures
    thumbnails: tuple[bytes, ...]

    @property
    def readable(self) -> NDArray[np.bool_]:
        """bool [N]: files whose image was read."""
        return np.array([not reason for reason in self.reason], dtype=bool)


@dataclass(frozen=True)
class MeasureSettings:
    """What decides the measurements, beside the files."""

    thumbnail: int = 96
    max_pixels: int = 100_000_000


def open_measured(
    files: Sequence[Path],
    settings: MeasureSettings,
    cache: Path,
    progress: Progress = lambda _: None,
    threads: int | None = None,
) -> tuple[Measured, str]:
    """Measure these files, or read what was measured before.

    Args:
        files: N image files; one that is missing or can't be read keeps its place.
        settings: see there.
        cache: folder of all caches.
        progress: called with the number of files done so far.
        threads: all processors if None.

    Returns:
        The measurements, and the key of these files and settings (hexadecimal).

    Raises:
        UserError: the cache folder can't be written.
    """
    threads = threads or os.cpu_count() or 1
    with ThreadPoolExecutor(threads) as pool:
        content = np.array(list(pool.map(_content_digest, files)), dtype="S32")
    names = [file.suffix.lower() for file in files]
    key = _digest(json.dumps([settings.__dict__, _versions(), names]).encode() + content.tobytes())[:24]
    path = cache / f"audit-{key}.npz"
    measured = read_cache(path, _load)
    if measured is not None:
        progress(len(files))
        return measured, key
    measured = _measure_all(files, content, settings, progress, threads)
    try:
        write_npz(path, _arrays(measured))
    except OSError as error:
        raise UserError(
            f"the audit's cache can't be written to {cache}: {error.strerror or error}",
            "Choose another folder: set SKETCHFIT_CACHE, or --set data.cache=FOLDER",
        ) from error
    return measured, key


def load_image(file: Path, max_pixels: int) -> NDArray[np.uint8]:
    """The image as it was when its signature was taken."""
    return shrink(decode(file, max_pixels), SIGNATURE_SIDE)


def read_cache(path: Path, load: Callable[[Path], T]) -> T | None:
    """What `load` reads; None where the file is missing or damaged, so that it is made anew."""
    try:
        return load(path)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def source_digest(*modules: Any) -> str:
    """Digest of modules' source, so that what changed code computed before is not taken for what it computes now."""
    return _digest("".join(inspect.getsource(module) for module in modules).encode())


def _versions() -> list[str]:
    here = inspect.getmodule(_versions)
    return [cv2.__version__, np.__version__, source_digest(here, images, traits, broken, signature)]


def _digest(data: bytes | memoryview) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _content_digest(file: Path) -> str:
    data = _read(file)
    return "unreadable" if data is None else _digest(data)


def _read(file: Path) -> bytes | None:
    """A file's content; None for what `decode` refuses unread."""
    try:
        return file.read_bytes() if file.is_file() and file.stat().st_size <= MAX_BYTES else None
    except (OSError, ValueError):
        return None


@dataclass(frozen=True)
class _One:
    pixels: str
    reason: str
    kinds: tuple[tuple[Kind, str], ...]
    values: NDArray[np.float64]
    moments: NDArray[np.float64]
    signature: Signatures | None
    thumbnail: bytes


def _measure_one(file: Path, settings: MeasureSettings) -> _One:
    data = _read(file)
    try:
        image = decode(file if data is None else data, settings.max_pixels)
    except ImageError as error:
        kind = why_unreadable(str(error), data)
        empty = trait_values(None), np.full((2, 3), np.nan)
        return _One("", str(error), ((kind, str(error)),), *empty, None, b"")
    assert data is not None  # else decoding had failed
    small = shrink(image, SIGNATURE_SIDE)
    return _One(
        _digest(repr(image.shape).encode() + np.ascontiguousarray(image).tobytes()),
        "",
        tuple(oddities_of(file.name, data, image.shape)),
        trait_values(measure(image, len(data), jpeg_quality(data))),
        _moments(image),
        take_signature(small),
        _thumbnail(small, settings.thumbnail),
    )


def _measure_all(
    files: Sequence[Path],
    content: NDArray[np.bytes_],
    settings: MeasureSettings,
    progress: Progress,
    threads: int,
) -> Measured:
    cv2.setNumThreads(1)  # one thread an image is faster than several threads on one
    signatures = Signatures.empty(len(files))
    done: list[_One] = []
    with ThreadPoolExecutor(threads) as pool:
        for row, one in enumerate(pool.map(lambda file: _measure_one(file, settings), files)):
            if one.signature is not None:
                signatures.put(row, one.signature)
            done.append(_One(one.pixels, one.reason, one.kinds, one.values, one.moments, None, one.thumbnail))
            progress(row + 1)
    return Measured(
        content=content,
        pixels=np.array([one.pixels for one in done], dtype="S32"),
        reason=tuple(one.reason for one in done),
        kinds=tuple(one.kinds for one in done),
        values=np.array([one.values for one in done]).reshape(-1, len(TRAIT_NAMES)),
        moments=np.array([one.moments for one in done]).reshape(-1, 2, 3),
        signatures=signatures,
        thumbnails=tuple(one.thumbnail for one in done),
    )


def _moments(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    mean, spread = cv2.meanStdDev(image)
    first = np.broadcast_to(mean.ravel() / 255, 3)
    return np.stack([first, first**2 + np.broadcast_to(spread.ravel() / 255, 3) ** 2])


def _thumbnail(image: NDArray[np.uint8], side: int) -> bytes:
    small = shrink(image, side)
    stored = small if small.ndim == 2 else np.ascontiguousarray(small[:, :, ::-1])
    done, data = cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, _THUMBNAIL_QUALITY])
    if not done:
        raise RuntimeError("OpenCV could not encode a JPEG")
    return data.tobytes()


def _arrays(measured: Measured) -> dict[str, NDArray[Any]]:
    sizes = np.array([len(thumbnail) for thumbnail in measured.thumbnails], dtype=np.int64)
    text = json.dumps([measured.reason, measured.kinds]).encode()
    return {
        "content": measured.content,
        "pixels": measured.pixels,
        "text": np.frombuffer(text, dtype=np.uint8),
        "values": measured.values,
        "moments": measured.moments,
        "thumbnail_sizes": sizes,
        "thumbnails": np.frombuffer(b"".join(measured.thumbnails), dtype=np.uint8),
        **{f"signature_{field.name}": getattr(measured.signatures, field.name) for field in fields(Signatures)},
    }


def _load(path: Path) -> Measured:
    with np.load(path, allow_pickle=False) as stored:
        reason, kinds = json.loads(stored["text"].tobytes())
        ends = np.cumsum(stored["thumbnail_sizes"]).tolist()
        thumbnails = stored["thumbnails"].tobytes()
        return Measured(
            content=stored["content"],
            pixels=stored["pixels"],
            reason=tuple(reason),
            kinds=tuple(tuple((cast(Kind, kind), words) for kind, words in of_file) for of_file in kinds),
            values=stored["values"],
            moments=stored["moments"],
            signatures=Signatures(**{field.name: stored[f"signature_{field.name}"] for field in fields(Signatures)}),
            thumbnails=tuple(thumbnails[start:end] for start, end in zip([0, *ends], ends, strict=False)),
        )
