"""Everything that the audit measures of one decoded image."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.auditing.broken import Kind, oddities_of, why_unreadable
from sketchfit.auditing.jpeg_quality import jpeg_quality
from sketchfit.auditing.shrink import shrink
from sketchfit.auditing.traits import WORKING_SIDE, measure, trait_values
from sketchfit.data.images import Decoded, ImageError, decode
from sketchfit.data.paper import InkMask
from sketchfit.duplicates import Signatures, take_signature

SIGNATURE_SIDE = 1024
"""Larger drawings are reduced to this longer side before the search for copies."""
_THUMBNAIL_QUALITY = 88


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


@dataclass(frozen=True)
class MeasuredImage:
    """Measurements of one image file; fields as in `Measured`."""

    pixels: str
    reason: str
    kinds: tuple[tuple[Kind, str], ...]
    values: NDArray[np.float64]
    moments: NDArray[np.float64]
    thumbnail: bytes


def measure_image(
    name: str, data: bytes | None, image: Decoded | ImageError, settings: MeasureSettings
) -> tuple[MeasuredImage, Signatures | None]:
    """Return the measurements of an image, and its signature; None where it could not be read.

    Args:
        name: of its file.
        data: content of the file; None where it could not be read.
        image: as decoded, or why there is none.
        settings: what is measured.
    """
    if isinstance(image, ImageError):
        kind = why_unreadable(str(image), data)
        empty = trait_values(None), np.full((2, 3), np.nan)
        return MeasuredImage("", str(image), ((kind, str(image)),), *empty, b""), None
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
    one = MeasuredImage(digest.hexdigest(), "", tuple(oddities_of(name, data, image)), values, moments, thumbnail)
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


def load_image(file: Path, max_pixels: int) -> NDArray[np.uint8]:
    """Return the image as it was when its signature was taken."""
    return shrink(decode(file, max_pixels), SIGNATURE_SIDE)
