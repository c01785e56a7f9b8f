"""Section "Robustness": accuracy when the network's input is flipped, turned, thickened, thinned or inverted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.auditing.directions import Direction, changed_classes
from sketchfit.inference.intervals import Difference, Estimate, accuracy, paired_difference
from sketchfit.reporting.kit.thumbnails import Pixels
from sketchfit.reporting.run.page_section import PageSection, page_section
from sketchfit.transforms.line_width import change_line_width, ellipse

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
        # Thinning by more than one pixel per side would remove thin lines at a network's input size.
        reach = max(1, round(image.shape[0] / 112)) if thicker else 1
        dark = float(paper.mean()) >= float(image.mean())
        return change_line_width(image, ellipse(2 * reach + 1), thicker=thicker, dark=dark)

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
"""Changes of the network's input, by name."""

MIRRORED = "flipped left to right"
UNCHANGED = "as it is"
"""Name of the input without a change."""


@dataclass(frozen=True)
class Robustness:
    """Accuracy without a change, and per change with the paired difference.

    Attributes:
        unchanged: accuracy without a change.
        changes: by name.
        directions: classes that become another class when the drawing is flipped from left to right.
    """

    unchanged: Estimate
    changes: Mapping[str, tuple[Estimate, Difference]]
    directions: Sequence[Direction] = ()


def compare_changes(
    answers: Mapping[str, NDArray[np.int64]], label: NDArray[np.int64], group: NDArray[np.int64] | None
) -> Robustness:
    """Compare each change with the unchanged input, on the same rows.

    Args:
        answers: name to int64 [n], the class predicted; holds `UNCHANGED`.
        label: int64 [n], the class of each row.
        group: int64 [n], related rows share a number; None: rows are independent.
    """
    right = {name: answer == label for name, answer in answers.items()}
    base = right[UNCHANGED]
    flipped = [("hflip", answers[MIRRORED])] if MIRRORED in answers else []
    return Robustness(
        accuracy(base, group),
        {
            name: (accuracy(changed, group), paired_difference(base, changed, group))
            for name, changed in right.items()
            if name != UNCHANGED
        },
        changed_classes(label, answers[UNCHANGED], flipped),
    )


def robustness_section(robustness: Robustness) -> PageSection:
    """Render accuracy per change."""
    return page_section("robustness", "Robustness", robustness=robustness)
