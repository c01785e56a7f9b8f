"""All formats that Pillow decodes, except JPEG: pixels on white paper, 8 bits, upright."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from sketchfit.data.decoders.decoded import DECODER_ERRORS, Decoded, ImageError, check_size
from sketchfit.data.decoders.large import MOST, factor_of

# Pillow reports broken metadata as warnings and in its log; pixels either decode or raise, and sizes are checked here.
warnings.filterwarnings("ignore", module=r"PIL\.")
logging.getLogger("PIL").setLevel(logging.CRITICAL)

ALMOST_WHITE = 250
"""Where all levels on white paper are at least this, nothing of a picture is visible."""
BAND = 1 << 20
"""Pixels that are computed with more than 8 bits at once."""
ALPHA_VARIES = 32
"""Least difference of two levels of opacity for the opacity to draw something."""

WIDEST = 65535.0
"""Largest value of 16 bits."""
NARROW = 4095
"""Largest value of 12 bits, as many cameras and medical devices have them."""


def decode_with_pillow(data: bytes, max_pixels: int, readers: Sequence[str]) -> NDArray[np.uint8]:
    """Decode a file's first image at its full size; see `decode_reduced`."""
    return _decoded(data, max_pixels, readers, most=None).pixels


def decode_reduced(data: bytes, max_pixels: int, readers: Sequence[str]) -> Decoded:
    """Decode a file's first image; a large one is reduced before it takes more memory.

    Args:
        data: the file's content.
        max_pixels: limit of width times height.
        readers: Pillow's names of the formats that are tried.

    Returns:
        Pixels uint8 [H, W] or [H, W, 3] RGB, upright, transparency made white; and by what its sides are divided.

    Raises:
        ImageError: it is too large, or has no finite values.
        OSError, ValueError, …: one of `DECODER_ERRORS`: the content cannot be decoded.
    """
    return _decoded(data, max_pixels, readers, most=MOST)


def _decoded(data: bytes, max_pixels: int, readers: Sequence[str], most: int | None) -> Decoded:
    with Image.open(io.BytesIO(data), formats=tuple(readers)) as image:
        return decode_opened(image, max_pixels, most)


def decode_opened(image: Image.Image, max_pixels: int, most: int | None = MOST) -> Decoded:
    """Return the pixels of an image of Pillow's, opened or made; see `decode_reduced`."""
    check_size(*image.size, max_pixels)
    factor = 1 if most is None else factor_of(*image.size, most)
    inverted = image.format == "JPEG" and image.mode == "CMYK" and "adobe" not in image.info
    tags = dict(getattr(image, "tag_v2", {}))
    is_wide_colour = _is_wide_colour(image)
    image.load()
    upright = _reduced(_upright(image), factor)
    if image.mode in ("F", "I") or image.mode.startswith("I;"):
        return replace(_from_wide(upright, image, tags), factor=factor)
    if inverted:
        # Pillow treats every CMYK JPEG as Adobe's, which stores 255 - ink; without Adobe's marker it is not
        upright = Image.eval(upright, lambda value: 255 - value)
    pixels = _on_white(upright)
    return Decoded(pixels, factor=factor, peak=_peak_of_colour(pixels) if is_wide_colour else None)


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


def _is_wide_colour(image: Image.Image) -> bool:
    """Return whether an opened PNG or TIFF has colour, or grey with opacity, of 16 bits; False once it is loaded."""
    for *_, arguments in getattr(image, "tile", ()):
        layout = arguments if isinstance(arguments, str) else str(next(iter(arguments or ()), ""))
        if layout.startswith(("RGB", "LA")) and ";16" in layout:
            return True
    return False


def _peak_of_colour(pixels: NDArray[np.uint8]) -> int | None:
    """Return `Decoded.peak` of colour in 16 bits, of which Pillow keeps the upper 8: the largest value with these."""
    upper = int(pixels.max())
    peak = 256 * upper + 255
    return peak if upper > 0 and peak <= NARROW else None


def _reduced(image: Image.Image, factor: int) -> Image.Image:
    """Return an image whose sides are divided by a factor: means of its pixels, by their opacity."""
    if factor == 1:
        return image
    is_wide = image.mode.startswith("I") or image.mode == "F"
    if "transparency" in image.info and not is_wide:
        image = image.convert("RGBA")
    elif image.mode not in ("L", "RGB", "RGBA", "LA", "CMYK", "I", "F"):
        image = image.convert("I" if is_wide else "L" if image.mode == "1" else "RGB")
    return image.reduce(factor)


def _on_white(image: Image.Image) -> NDArray[np.uint8]:
    """Return the pixels with white in place of transparency; black where nothing would be visible on white."""
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = np.asarray(image.convert("RGBA"))
        mixed, alpha = _mixed(rgba, 255), rgba[..., 3]
        if mixed.min() >= ALMOST_WHITE and int(alpha.max()) - int(alpha.min()) > ALPHA_VARIES:
            mixed = _mixed(rgba, 0)
        return mixed
    if image.mode not in ("L", "RGB"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    return np.array(image, dtype=np.uint8)


def _mixed(rgba: NDArray[np.uint8], paper: int) -> NDArray[np.uint8]:
    """Return the pixels, uint8 [H, W, 3], on paper of a grey; a few rows at a time."""
    mixed = np.empty((*rgba.shape[:2], 3), np.uint8)
    for rows in _bands(rgba):
        alpha = rgba[rows, :, 3:].astype(np.uint16)
        mixed[rows] = (rgba[rows, :, :3] * alpha + paper * (255 - alpha) + 127) // 255
    return mixed


def _bands(pixels: NDArray[Any]) -> list[slice]:
    step = max(1, BAND // max(1, pixels.shape[1]))
    return [slice(start, start + step) for start in range(0, len(pixels), step)]


def _from_wide(image: Image.Image, file: Image.Image, tags: dict[int, Any]) -> Decoded:
    """Convert wide grey to 8 bits by the depth in the file, else by the smallest usual range of the values.

    A file of 16 bits may contain values of 12. It is not made brighter: those of a data set must be compared.
    """
    values = np.asarray(image)
    if not np.isfinite(values).all():
        raise ImageError("contains values that are not finite numbers")
    low, high, shift = float(values.min()), float(values.max()), 0.0
    bits = int(tags.get(258, (16,))[0]) if file.mode.startswith("I;") else 16
    if file.mode.startswith("I;") or file.format == "PPM":
        top = float(2**bits - 1)
    elif low < 0:
        shift, top = low, (high - low) or 1.0
    else:
        usual = (1.0, 255.0, WIDEST) if file.mode == "F" else (255.0, WIDEST)
        top = next((limit for limit in usual if high <= limit), high)
    see_through = image.info.get("transparency")
    scaled = np.empty(values.shape, np.uint8)
    for rows in _bands(values):
        wide = values[rows].astype(np.float64) - shift
        scaled[rows] = np.clip(np.rint(wide * (255.0 / top)), 0, 255)
        if tags.get(262) == 0:
            scaled[rows] = 255 - scaled[rows]  # TIFF's WhiteIsZero, which Pillow undoes for 1 and 8 bits only
        if isinstance(see_through, int):
            scaled[rows][wide == see_through] = 255
    return Decoded(scaled, peak=int(high) if top == WIDEST and 0 < high <= NARROW else None)
