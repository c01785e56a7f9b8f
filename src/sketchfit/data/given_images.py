"""Images that a Python program gives: files, their content, Pillow's images and arrays, decoded as files are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sketchfit.data.decoders import large, pillow
from sketchfit.data.decoders.decoded import DECODER_ERRORS, explain
from sketchfit.data.images import Decoded, ImageError, decode_image, read_image_file, reduced

GIVEN_ERRORS = (*DECODER_ERRORS, AssertionError)
"""What Pillow raises for an image that cannot be decoded, or whose file is closed."""

GivenImage = Path | bytes | Image.Image | NDArray[Any]
"""An image file, the content of one, an image of Pillow's, or pixels as `as_pillow` describes them."""

LAYOUT = "Give [H, W], [H, W, 1], [H, W, 3] (RGB) or [H, W, 4] (RGBA)"


def decode_given(image: GivenImage, max_pixels: int) -> Decoded:
    """Decode an image as `decode_image` decodes a file of the same pixels.

    Args:
        image: see `GivenImage`.
        max_pixels: limit of width times height.

    Raises:
        ImageError: it cannot be read or decoded, is too large, or is an array that is no image.
    """
    if isinstance(image, Path):
        image = read_image_file(image)
    if isinstance(image, bytes):
        return decode_image(image, max_pixels=max_pixels)
    made = image if isinstance(image, Image.Image) else as_pillow(image)
    with large.one_image():
        try:
            return reduced(pillow.decode_opened(made, max_pixels))
        except AssertionError as error:
            raise ImageError("is an image of Pillow's whose file was closed before its pixels were read") from error
        except DECODER_ERRORS as error:
            raise ImageError(explain(error)) from error


def as_pillow(pixels: NDArray[Any]) -> Image.Image:
    """Return an image of Pillow's of these pixels.

    Args:
        pixels: [H, W] or [H, W, 1] grey, [H, W, 3] RGB, [H, W, 4] RGBA. bool (True is white); integers 0 … 255, or
            uint16 with its complete range; floats 0 … 1.

    Raises:
        ImageError: another shape or type, or values out of range.

    Examples:
        >>> import numpy as np
        >>> as_pillow(np.zeros((20, 30, 3), np.uint8)).size
        (30, 20)
    """
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (3, 4)):
        raise ImageError(f"is an array of shape {list(pixels.shape)}. {LAYOUT}")
    if not pixels.size:
        raise ImageError(f"is an array without pixels, of shape {list(pixels.shape)}")
    return Image.fromarray(np.ascontiguousarray(_bytes(pixels)))


def _bytes(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Return pixels of any type as bytes."""
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype == np.bool_:
        return np.where(pixels, 255, 0).astype(np.uint8)
    if pixels.dtype == np.uint16:
        return _scaled(pixels, 255 / 65535)
    if pixels.dtype.kind not in "iuf":
        raise ImageError(f"is an array of {pixels.dtype}, which are no pixels")
    low, high = float(pixels.min()), float(pixels.max())
    if pixels.dtype.kind == "f":
        if not 0 <= low <= high <= 1:  # also NaN
            raise ImageError(f"has floats from {low:g} to {high:g}, and 0 to 1 is expected")
        return _scaled(pixels, 255.0)
    if low < 0 or high > 255:
        raise ImageError(f"has integers from {low:.0f} to {high:.0f}, and 0 to 255 is expected")
    return pixels.astype(np.uint8)


def _scaled(pixels: NDArray[Any], factor: float) -> NDArray[np.uint8]:
    return np.rint(pixels.astype(np.float64) * factor).astype(np.uint8)
