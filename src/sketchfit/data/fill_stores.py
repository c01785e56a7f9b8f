"""Fills the arrays of several stores with the same images."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2

from sketchfit.data.decoders import large
from sketchfit.data.image_pass import Progress
from sketchfit.data.images import Decoded, ImageError
from sketchfit.data.in_threads import in_threads
from sketchfit.data.row_pixels import RowPixels
from sketchfit.data.store_settings import StoreSettings


def fill_stores(
    stores: Mapping[StoreSettings, RowPixels],
    image_of: Callable[[int], Decoded | ImageError],
    count: int,
    threads: int,
    progress: Progress = lambda _: None,
) -> dict[str, list[str]]:
    """Put each image into every store.

    Args:
        stores: by their settings.
        image_of: returns the image of a row, or why there is none; called once per row, from several threads.
        count: number of rows.
        threads: that decode.
        progress: called with the number of images done so far.

    Returns:
        `errors` and `damage` as in `Store`.
    """
    cv2.setNumThreads(1)  # one thread per image is faster than several threads on one image

    def put(row: int) -> tuple[str, str]:
        with large.one_image():
            image = image_of(row)
            for settings, pixels in stores.items():
                if isinstance(image, ImageError):
                    pixels.leave_white(row)
                else:
                    pixels.put(row, *settings.square(image.pixels))
        return (str(image), "") if isinstance(image, ImageError) else ("", image.damage)

    texts: dict[str, list[str]] = {"errors": [], "damage": []}
    for done, (error, damage) in enumerate(in_threads(put, range(count), threads), start=1):
        texts["errors"].append(error)
        texts["damage"].append(damage)
        progress(done)
    return texts
