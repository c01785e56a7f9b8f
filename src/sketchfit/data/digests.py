"""Digests of the content of image files. A file that does not change is read once per process for all of them."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from sketchfit.data.images import MAX_BYTES, additional_format, is_large, read_image_file
from sketchfit.regular import open_regular

STEADY = 2.0
"""Seconds after its last change from which on a file's times show whether it changes again: clocks of file systems are
coarse."""

MOST_KNOWN = 300_000
"""Files whose digests are kept: about 100 MB."""


@dataclass(frozen=True, slots=True)
class ContentDigests:
    """Of a file's bytes by BLAKE2b: `long` has 16 bytes, `short` has 8 and is not the beginning of the other.

    Attributes:
        long, short: digests.
        additional: name of its format where an additional package decodes it (see `additional_format`).
        is_large: whether it is halved when it is decoded.
    """

    long: bytes
    short: bytes
    additional: str = ""
    is_large: bool = False

    @classmethod
    def of(cls, content: bytes) -> ContentDigests:
        """Compute them."""
        found = cls.of_parts((content,))
        return replace(found, additional=additional_format(content), is_large=is_large(content))

    @classmethod
    def of_parts(cls, parts: Iterable[bytes]) -> ContentDigests:
        """Compute the digests of content that comes in parts."""
        long, short = hashlib.blake2b(digest_size=16), hashlib.blake2b(digest_size=8)
        for part in parts:
            long.update(part)
            short.update(part)
        return cls(long.digest(), short.digest())


_KNOWN: dict[tuple[str, int, int, int, int], ContentDigests] = {}


LARGE = 1 << 24
"""Bytes of a file that is read in parts."""


def content_digests(path: Path) -> ContentDigests:
    """Return the digests of an image file, or of an image in a container.

    Raises:
        ImageError: as `read_image_file`.
    """
    try:
        status = os.stat(path)  # noqa: PTH116 - called for every image
    except (OSError, ValueError):  # in a container, or the error of `read_image_file`
        return ContentDigests.of(read_image_file(path))
    key = str(path), status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
    if (known := _KNOWN.get(key)) is not None:
        return known
    began = time.time()
    found = _of_large(path) if LARGE < status.st_size <= MAX_BYTES else ContentDigests.of(read_image_file(path))
    if began - max(status.st_mtime, status.st_ctime) > STEADY and len(_KNOWN) < MOST_KNOWN:
        _KNOWN[key] = found
    return found


def _of_large(path: Path) -> ContentDigests:
    try:
        with open_regular(path, MAX_BYTES) as file:
            begin = file.read(LARGE)
            found = ContentDigests.of_parts(chain((begin,), iter(lambda: file.read(LARGE), b"")))
            return replace(found, additional=additional_format(begin), is_large=is_large(begin))
    except OSError:
        return ContentDigests.of(read_image_file(path))  # raises the error
