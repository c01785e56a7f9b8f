"""All formats that Pillow decodes, except JPEG: pixels on white paper, 8 bits, upright."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from sketchfit.data.decoders.decoded import DECODER_ERRORS, ImageError, check_size

# Pillow reports broken metadata as warnings and in its log; pixels either decode or raise, and sizes are checked here.
warnings.filterwarnings("ignore", module=r"PIL\.")
logging.getLogger("PIL").setLevel(logging.CRITICAL)

ALMOST_WHITE = 250
"""Where all levels on white paper are at least this, nothing of a picture is visible."""
ALPHA_VARIES = 32
"""Least difference of two levels of opacity for the opacity to draw something."""


def decode_with_pillow(data: bytes, max_pixels: int, readers: Sequence[str]) -> NDArray[np.uint8]:
    """Decode a file's first image.

    Args:
        data: the file's content.
        max_pixels: limit of width times height.
        readers: Pillow's names of the formats that are tried.

    Returns:
        uint8 [H, W] or [H, W, 3] RGB, upright, transparency made white.

    Raises:
        ImageError: it is too large, or has no finite values.
        OSError, ValueError, …: one of `DECODER_ERRORS`: the content cannot be decoded.
    """
    with Image.open(io.BytesIO(data), formats=tuple(readers)) as image:
        check_size(*image.size, max_pixels)
        inverted = image.format == "JPEG" and image.mode == "CMYK" and "adobe" not in image.info
        tags = dict(getattr(image, "tag_v2", {}))
        image.load()
        upright = _upright(image)
        if upright.mode in ("F", "I") or upright.mode.startswith("I;"):
            return _from_wide(upright, image.format or "", tags)
        if inverted:
            # Pillow treats every CMYK JPEG as Adobe's, which stores 255 - ink; without Adobe's marker it is not
            upright = Image.eval(upright, lambda value: 255 - value)
        return _on_white(upright)


def turned(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Undo an EXIF orientation (1 … 8; anything else is taken as 1)."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except DECODER_ERRORS:
        return image


def _on_white(image: Image.Image) -> NDArray[np.uint8]:
    """Return the pixels with white in place of transparency; black where nothing would be visible on white."""
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = np.asarray(image.convert("RGBA"))
        alpha = rgba[..., 3:].astype(np.uint16)
        mixed = (rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255
        if mixed.min() >= ALMOST_WHITE and int(alpha.max()) - int(alpha.min()) > ALPHA_VARIES:
            mixed = (rgba[..., :3] * alpha + 127) // 255
        return np.ascontiguousarray(mixed.astype(np.uint8))
    if image.mode not in ("L", "RGB"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    return np.array(image, dtype=np.uint8)


def _from_wide(image: Image.Image, kind: str, tags: dict[int, Any]) -> NDArray[np.uint8]:
    """Convert wide grey to 8 bits by the depth in the file, else by the smallest usual range of the values."""
    with np.errstate(invalid="ignore"):  # not a number
        values = np.array(image, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ImageError("contains values that are not finite numbers")
    low, high = float(values.min()), float(values.max())
    bits = int(tags.get(258, (16,))[0]) if image.mode.startswith("I;") else 16
    if image.mode.startswith("I;") or kind == "PPM":
        top = float(2**bits - 1)
    elif low < 0:
        values, top = values - low, (high - low) or 1.0
    else:
        usual = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
        top = next((limit for limit in usual if high <= limit), high)
    scaled = np.clip(np.rint(values * (255.0 / top)), 0, 255).astype(np.uint8)
    if tags.get(262) == 0:
        scaled = 255 - scaled  # TIFF's WhiteIsZero, which Pillow undoes for 1 and 8 bits only
    see_through = image.info.get("transparency")
    if isinstance(see_through, int):
        scaled[values == see_through] = 255
    return scaled
