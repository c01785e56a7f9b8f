"""Changed inputs: a network that knows a thing knows it flipped, turned, in thick and thin lines, light on dark."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.inference.intervals import Difference, Estimate, accuracy, paired_difference

Pixels = NDArray[np.uint8]
Change = Callable[[Pixels, Pixels], Pixels]
"""(image uint8 [S, S, C], paper uint8 [C]) → the same shape."""


def _turned(degrees: float) -> Change:
    def change(image: Pixels, paper: Pixels) -> Pixels:
        size = image.shape[0]
        matrix = cv2.getRotationMatrix2D(((size - 1) / 2, (size - 1) / 2), degrees, 1.0)
        turned = cv2.warpAffine(
            image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderValue=tuple(float(v) for v in paper)
        )
        return np.asarray(turned, np.uint8).reshape(image.shape)

    return change


def _lines(thicker: bool) -> Change:
    def change(image: Pixels, paper: Pixels) -> Pixels:
        """Dark ink grows where the darkest of the neighbours is taken; on dark paper the lightest."""
        # Thinning by more than a pixel a side would wipe out what a pen leaves at a network's input size.
        reach = max(1, round(image.shape[0] / 112)) if thicker else 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        dark_ink = float(paper.mean()) >= float(image.mean())
        operation = cv2.erode if thicker == dark_ink else cv2.dilate
        return np.asarray(operation(image, kernel), np.uint8).reshape(image.shape)

    return change


CHANGES: Mapping[str, Change] = {
    "flipped left to right": lambda image, _: np.ascontiguousarray(image[:, ::-1]),
    "flipped top to bottom": lambda image, _: np.ascontiguousarray(image[::-1]),
    "turned by 15°": _turned(15),
    "turned by 90°": _turned(90),
    "turned by 180°": _turned(180),
    "thickened": _lines(thicker=True),
    "thinned": _lines(thicker=False),
    "inverted": lambda image, _: 255 - image,
}
"""What is done to the network's input, by name."""


def compare_changes(
    base: NDArray[np.bool_], changed: Mapping[str, NDArray[np.bool_]], group: NDArray[np.int64] | None
) -> tuple[Estimate, dict[str, tuple[Estimate, Difference]]]:
    """Accuracy as it is; and with each change, with the paired difference.

    Args:
        base: bool [n], right or wrong as it is.
        changed: name to bool [n], the same rows.
        group: int64 [n] or None.
    """
    return accuracy(base, group), {
        name: (accuracy(right, group), paired_difference(base, right, group)) for name, right in changed.items()
    }
