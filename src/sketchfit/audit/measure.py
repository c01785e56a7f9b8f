"""Measure image files in one pass: each is decoded once, and everything that the audit needs is taken from it.

In a run, the pass is that of the store, which sends each decoded image to `Measuring`.

The measurements are cached in one file. Its key is a digest of the content of the image files and of the code and
libraries that measured them, so a second audit of the same images decodes none.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.audit import broken, traits
from sketchfit.audit.broken import Kind, oddities_of, why_unreadable
from sketchfit.audit.traits import TRAIT_NAMES, WORKING_SIDE, jpeg_quality, measure, shrink, trait_values
from sketchfit.data import images, paper
from sketchfit.data.cache.limit import make_room
from sketchfit.data.decoders import large
from sketchfit.data.decoders.formats import installed_decoders
from sketchfit.data.digests import content_digests
from sketchfit.data.images import Decoded, ImageError, decode, decode_image, read_image_file
from sketchfit.data.in_threads import in_threads
from sketchfit.data.paper import InkMask
from sketchfit.data.store import Decoding, Progress
from sketchfit.disk import DiskError
from sketchfit.duplicates import Signatures, signature, take_signature
from sketchfit.errors import UserError
from sketchfit.processors import cores
from sketchfit.runs.arrays import read_npz, write_npz

T = TypeVar("T")

SIGNATURE_SIDE = 1024
"""Larger drawings are reduced to this longer side before the search for copies."""
_THUMBNAIL_QUALITY = 88


@dataclass(frozen=True)
class Measured:
    """Measurements of N image files.

    Attributes:
        content: bytes32 [N], digest of each file's bytes.
        pixels: bytes32 [N], digest of each image's pixels.
        reason: N texts; empty where the image was read, else why not.
        kinds: for each file what is wrong or unusual: (kind, text), often nothing.
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
    """What the measurements depend on, apart from the files.

    Attributes:
        thumbnail: longer side of the thumbnails in pixels.
        max_pixels: an image with more pixels counts as unreadable.
        traits: whether traits are measured and thumbnails are made; without them there is enough to find copies.
    """

    thumbnail: int = 96
    max_pixels: int = 100_000_000
    traits: bool = True


def open_measured(
    files: Sequence[Path],
    settings: MeasureSettings,
    cache: Path,
    decoding: Decoding | None = None,
) -> tuple[Measured, str]:
    """Measure these files, or read earlier measurements.

    Args:
        files: N image files; one that is missing or cannot be read keeps its place.
        settings: what the measurements depend on, apart from the files.
        cache: folder of all caches.
        decoding: threads and progress.

    Returns:
        The measurements, and the key of these files and settings (hexadecimal).

    Raises:
        UserError: the cache folder cannot be written.
    """
    decoding = decoding or Decoding()
    measuring = Measuring(files, settings, cache, decoding.threads)
    measured = read_cache(measuring.path, _load)
    if measured is None:
        measured = measuring.finish(decoding.progress)
    else:
        decoding.progress(len(files))
    return measured, measuring.key


class Measuring:
    """Measures N image files that arrive one by one, in any order and from any thread.

    So the images that another pass decodes, such as the store's, need not be decoded again.

    Attributes:
        key: of the files and settings, hexadecimal.
        path: the cache's file.
    """

    def __init__(
        self, files: Sequence[Path], settings: MeasureSettings, cache: Path, threads: int | None = None
    ) -> None:
        """Arguments as for `open_measured`; reads the files, and decodes none."""
        self._files, self._settings = files, settings
        self._threads = threads or cores()
        digests = list(in_threads(_file_digest, files, self._threads))
        self._content = np.array(digests, dtype="S32")
        names = [file.suffix.lower() for file in files]
        depends = [settings.__dict__, _versions(), installed_decoders(), names]
        self.key = _digest(json.dumps(depends).encode() + self._content.tobytes())[:24]
        self.path = cache / f"audit-{self.key}.npz"
        self._signatures = Signatures.empty(len(files))
        self._done: list[_One | None] = [None] * len(files)

    def receive(self, row: int, data: bytes | None, image: Decoded | ImageError) -> None:
        """Measure a decoded image.

        Args:
            row: number of its file.
            data: the file's content, None where it can't be read; content that changed since the start is ignored.
            image: as decoded within `settings.max_pixels`, or why there is none.
        """
        if self._done[row] is None and _content_digest(data).encode() == self._content[row]:
            self._measure(row, data, image)

    def finish(self, progress: Progress = lambda _: None) -> Measured:
        """Decode and measure the files that did not arrive, and write the cache.

        Args:
            progress: called with the number of files done so far.

        Raises:
            UserError: the cache folder cannot be written.
        """
        cv2.setNumThreads(1)  # one thread per image is faster than several threads on one image
        for done, _ in enumerate(in_threads(self._decode, range(len(self._files)), self._threads), start=1):
            progress(done)
        measured = self._measured()
        try:
            make_room(self.path.parent, 0)
            write_npz(self.path, _arrays(measured))
        except DiskError:
            raise
        except OSError as error:
            raise UserError(
                f"the audit's cache cannot be written to {self.path.parent}: {error.strerror or error}",
                "Choose another folder: set SKETCHFIT_CACHE, or --set data.cache=FOLDER",
            ) from error
        return measured

    def _decode(self, row: int) -> None:
        if self._done[row] is not None:
            return
        data = None
        with large.one_image():
            try:
                data = read_image_file(self._files[row])
                image = decode_image(data, self._settings.max_pixels)
            except ImageError as error:
                self._measure(row, data, error)
            else:
                self._measure(row, data, image)

    def _measure(self, row: int, data: bytes | None, image: Decoded | ImageError) -> None:
        one, signature_of_row = _measure_one(self._files[row].name, data, image, self._settings)
        if signature_of_row is not None:
            self._signatures.put(row, signature_of_row)
        self._done[row] = one

    def _measured(self) -> Measured:
        done = [one for one in self._done if one is not None]
        return Measured(
            content=self._content,
            pixels=np.array([one.pixels for one in done], dtype="S32"),
            reason=tuple(one.reason for one in done),
            kinds=tuple(one.kinds for one in done),
            values=np.array([one.values for one in done]).reshape(-1, len(TRAIT_NAMES)),
            moments=np.array([one.moments for one in done]).reshape(-1, 2, 3),
            signatures=self._signatures,
            thumbnails=tuple(one.thumbnail for one in done),
        )


def load_image(file: Path, max_pixels: int) -> NDArray[np.uint8]:
    """Return the image as it was when its signature was taken."""
    return shrink(decode(file, max_pixels), SIGNATURE_SIDE)


def read_cache(path: Path, load: Callable[[Path], T]) -> T | None:
    """Return what `load` reads; None if the file is missing or damaged, so that it is made again."""
    try:
        return load(path)
    except (UserError, ValueError, KeyError):
        return None


def source_digest(*modules: Any) -> str:
    """Return a digest of modules' source, so that results of other versions of the code are not used."""
    return _digest("".join(inspect.getsource(module) for module in modules).encode())


def _versions() -> list[str]:
    here = inspect.getmodule(_versions)
    return [
        cv2.__version__,
        np.__version__,
        source_digest(here, images, *images.MODULES, paper, traits, broken, signature),
    ]


def _digest(data: bytes | memoryview) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _content_digest(data: bytes | None) -> str:
    return "unreadable" if data is None else _digest(data)


def _file_digest(file: Path) -> str:
    """Return the digest of a file's content; that of no content for what `decode` refuses unread."""
    try:
        return content_digests(file).long.hex()
    except ImageError:
        return _content_digest(None)


@dataclass(frozen=True)
class _One:
    pixels: str
    reason: str
    kinds: tuple[tuple[Kind, str], ...]
    values: NDArray[np.float64]
    moments: NDArray[np.float64]
    thumbnail: bytes


def _measure_one(
    name: str, data: bytes | None, image: Decoded | ImageError, settings: MeasureSettings
) -> tuple[_One, Signatures | None]:
    if isinstance(image, ImageError):
        kind = why_unreadable(str(image), data)
        empty = trait_values(None), np.full((2, 3), np.nan)
        return _One("", str(image), ((kind, str(image)),), *empty, b""), None
    assert data is not None  # else decoding had failed
    pixels = image.pixels
    small = shrink(pixels, SIGNATURE_SIDE)
    ink = InkMask.of(small)
    values, moments, thumbnail = trait_values(None), np.full((2, 3), np.nan), b""
    if settings.traits:
        known = ink if max(small.shape[:2]) <= WORKING_SIDE else None
        values = trait_values(measure(pixels, len(data), jpeg_quality(data), known).enlarged(image.factor))
        moments, thumbnail = _moments(pixels), _thumbnail(small, settings.thumbnail)
    digest = hashlib.blake2b(repr(pixels.shape).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(pixels).data)
    one = _One(digest.hexdigest(), "", tuple(oddities_of(name, data, image)), values, moments, thumbnail)
    return one, take_signature(small, ink)


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
    stored = read_npz(path)
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
