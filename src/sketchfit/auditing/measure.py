"""Measure image files in one pass: each is decoded once, and everything that the audit needs is taken from it.

In a run, the pass is that of the store, which sends each decoded image to `Measuring`.

The measurements are cached in one file. Its key is a digest of the content of the image files and of the code and
libraries that measured them, so a second audit of the same images decodes none.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import cv2
import numpy as np

from sketchfit.auditing import broken, traits
from sketchfit.auditing.broken import Kind
from sketchfit.auditing.earlier import read_cache, short_digest, source_digest
from sketchfit.auditing.measure_image import MeasureSettings, measure_image
from sketchfit.auditing.measured import Measured, load_measured, to_arrays
from sketchfit.auditing.traits import TRAIT_NAMES
from sketchfit.data import images, paper
from sketchfit.data.cache.limit import make_room
from sketchfit.data.decoders import large
from sketchfit.data.decoders.formats import installed_decoders, jpeg_decoders
from sketchfit.data.digests import content_digests
from sketchfit.data.image_pass import Decoding, Progress
from sketchfit.data.images import Decoded, ImageError, decode_image, read_image_file
from sketchfit.data.in_threads import in_threads
from sketchfit.disk import DiskError
from sketchfit.duplicates import Signatures, signature
from sketchfit.errors import UserError
from sketchfit.processors import cores
from sketchfit.runs.arrays import write_npz
from sketchfit.runs.scratch import scratch


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
    measured = read_cache(measuring.path, load_measured)
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
        depends = [settings.__dict__, _versions(), (*installed_decoders(), *jpeg_decoders()), names]
        self.key = short_digest(json.dumps(depends).encode() + self._content.tobytes())[:24]
        self.path = cache / f"audit-{self.key}.npz"
        self._lock = Lock()
        self._made: Signatures | None = None
        self._done = np.zeros(len(files), dtype=bool)
        self._pixels = np.zeros(len(files), dtype="S32")
        self._values = np.zeros((len(files), len(TRAIT_NAMES)))
        self._moments = np.zeros((len(files), 2, 3))
        self._reason, self._thumbnails = [""] * len(files), [b""] * len(files)
        self._kinds: list[tuple[tuple[Kind, str], ...]] = [()] * len(files)

    def receive(self, row: int, data: bytes | None, image: Decoded | ImageError) -> None:
        """Measure a decoded image.

        Args:
            row: number of its file.
            data: the file's content, None where it can't be read; content that changed since the start is ignored.
            image: as decoded within `settings.max_pixels`, or why there is none.
        """
        if not self._done[row] and _content_digest(data).encode() == self._content[row]:
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
            write_npz(self.path, to_arrays(measured))
        except DiskError:
            raise
        except OSError as error:
            raise UserError(
                f"the audit's cache cannot be written to {self.path.parent}: {error.strerror or error}",
                "Choose another folder: set SKETCHFIT_CACHE, or --set data.cache=FOLDER",
            ) from error
        return measured

    def _decode(self, row: int) -> None:
        if self._done[row]:
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
        one, signature_of_row = measure_image(self._files[row].name, data, image, self._settings)
        if signature_of_row is not None:
            self._signatures.put(row, signature_of_row)
        self._pixels[row], self._values[row], self._moments[row] = one.pixels, one.values, one.moments
        self._reason[row], self._kinds[row], self._thumbnails[row] = one.reason, one.kinds, one.thumbnail
        self._done[row] = True

    @property
    def _signatures(self) -> Signatures:
        """Signatures of all files; they take space, and are made when they are first needed."""
        with self._lock:
            if self._made is None:
                self._made = Signatures.empty(len(self._files), scratch(self.path.parent))
            return self._made

    def _measured(self) -> Measured:
        return Measured(
            content=self._content,
            pixels=self._pixels,
            reason=tuple(self._reason),
            kinds=tuple(self._kinds),
            values=self._values,
            moments=self._moments,
            signatures=self._signatures,
            thumbnails=tuple(self._thumbnails),
        )


def _versions() -> list[str]:
    own = [inspect.getmodule(one) for one in (_versions, Measured, measure_image)]
    return [
        cv2.__version__,
        np.__version__,
        source_digest(*own, images, *images.MODULES, paper, traits, broken, signature),
    ]


def _content_digest(data: bytes | None) -> str:
    return "unreadable" if data is None else short_digest(data)


def _file_digest(file: Path) -> str:
    """Return the digest of a file's content; that of no content for what `decode` refuses unread."""
    try:
        return content_digests(file).long.hex()
    except ImageError:
        return _content_digest(None)
