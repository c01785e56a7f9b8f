"""An image as the network's input, by the functions that prepare training images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sketchfit.bundle.manifest import Preprocessing
from sketchfit.data.neutral import grey_if_neutral
from sketchfit.data.store_settings import StoreSettings
from sketchfit.transforms.resample import resize

Image = NDArray[np.uint8]


def prepared(image: Image, settings: Preprocessing) -> Image:
    """Return an image at the network's size.

    Args:
        image: uint8 [H, W] or [H, W, 1] (grey) or [H, W, 3] (RGB), as `data.images.decode` returns it.
        settings: of the bundle.

    Returns:
        uint8 [size, size, channels], contiguous.

    Raises:
        ValueError: another type or shape, or no pixel.
    """
    pixels = grey_if_neutral(_checked(image))
    stored = StoreSettings(settings.stored, settings.resize, 1 if settings.channels == 1 else "auto")
    picture = resize(stored.square(pixels)[0], settings.size)
    if picture.shape[2] < settings.channels:
        picture = np.repeat(picture, settings.channels, axis=2)
    return np.ascontiguousarray(picture)


def _checked(image: Image) -> Image:
    """Return the image without a last axis of length one."""
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)) or not image.size:
        raise ValueError(f"an image is uint8 [H, W] or [H, W, 3], not {image.dtype} {list(image.shape)}")
    return np.ascontiguousarray(image)
