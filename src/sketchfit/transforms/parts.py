"""Drawings with a part left out."""

from __future__ import annotations

from typing import ClassVar, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from sketchfit.transforms.ink import ink_mask
from sketchfit.transforms.ops import Picture, Pixel, Range, Uniforms, between

_HALO = np.ones((3, 3), np.uint8)


class DropParts(Pixel):
    """Leaves out strokes: whole ones where the drawing has several, else the stretch about some inked pixel.

    Dropping strokes: Yu et al., *Sketch-a-Net that beats humans* (arXiv:1501.07873), there by the strokes' order, which
    a picture doesn't have.
    """

    draws: ClassVar[int] = 1
    neutral: ClassVar[dict[str, float]] = {"share": 0.0}

    op: Literal["drop_parts"] = "drop_parts"
    share: Range = (0.05, 0.2)
    """Share of the inked pixels that is left out at most; above 0.5 little remains to be recognised."""

    @override
    def apply(
        self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator
    ) -> tuple[Picture, Picture]:
        """Fills what is left out, and the soft edge about it, with paper."""
        mask = ink_mask(image, paper)
        budget = int(between(self.share, u[0]) * np.count_nonzero(mask))
        start = float(rng.random())
        if budget:
            dropped = _strokes(mask, budget, rng)
            if dropped is None:
                dropped = _stretch(mask, budget, start)
            kept = mask & ~dropped
            halo = cv2.dilate(dropped.astype(np.uint8), _HALO, iterations=2).astype(bool)
            # The edge of a stroke that stays is not the edge of one that goes.
            image[halo & ~cv2.dilate(kept.astype(np.uint8), _HALO).astype(bool) | dropped] = paper
        return image, paper


def _strokes(mask: NDArray[np.bool_], budget: int, rng: np.random.Generator) -> NDArray[np.bool_] | None:
    """Connected strokes in random order while they fit the budget; None where not one does."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA]
    chosen = np.zeros(count, bool)
    for part in (1 + rng.permutation(count - 1)).tolist():
        if areas[part] <= budget:
            chosen[part], budget = True, budget - int(areas[part])
    # A few specks are no part.
    return chosen[labels] if int(areas[chosen].sum()) >= max(budget, 1) else None


def _stretch(mask: NDArray[np.bool_], budget: int, start: float) -> NDArray[np.bool_]:
    """The inked pixels nearest to one of them."""
    rows, columns = np.nonzero(mask)
    middle = int(start * len(rows))
    order = np.argsort((rows - rows[middle]) ** 2 + (columns - columns[middle]) ** 2, kind="stable")[:budget]
    dropped = np.zeros_like(mask)
    dropped[rows[order], columns[order]] = True
    return dropped
