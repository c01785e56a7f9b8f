"""A picture of what training will see: drawings in rows, each with several draws of the policy."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from sketchfit.config.transforms import TransformsSection
from sketchfit.transforms.augment import augment_for, eval_augment
from sketchfit.transforms.mixing import mix
from sketchfit.transforms.ops import Picture
from sketchfit.transforms.rng import sample_rng

_GAP, _GAP_COLOUR = 2, 160
_MIXING_STREAM = 1


def policy_grid(
    images: Sequence[Picture],
    papers: Sequence[Picture],
    section: TransformsSection,
    size: int,
    seed: int = 0,
    *,
    draws: int = 7,
    epoch: int = 0,
    epochs: int = 1,
    mixing: bool = False,
) -> NDArray[np.uint8]:
    """Rows are drawings; columns the whole picture, then `draws` draws of the policy.

    Args:
        images: each uint8 [S, S', C], all with the same C in {1, 3}.
        papers: each uint8 [C].
        section: the recipe's section.
        size: side of each cell in pixels.
        seed: of the draws.
        draws: columns beside the original.
        epoch: chooses the curriculum's stage; each column counts as one epoch's draw of the sample.
        epochs: how many there are in all.
        mixing: also mix the drawings of a column, as a batch of training is mixed.

    Returns:
        uint8 [rows · (size + gap) + gap, (draws + 1) · (size + gap) + gap, 3], RGB.
    """
    augment, whole = augment_for(section, size, epoch, epochs), eval_augment(size)
    pairs = list(zip(images, papers, strict=True))
    columns = [np.stack([whole(image, paper, sample_rng(seed, 0, 0)) for image, paper in pairs])]
    for draw in range(draws):
        column = np.stack([augment(im, paper, sample_rng(seed, draw, row)) for row, (im, paper) in enumerate(pairs)])
        columns.append(_mixed(column, section, sample_rng(seed, draw, 0, _MIXING_STREAM)) if mixing else column)
    return _tiled(np.stack(columns, axis=1))


def _mixed(column: Picture, section: TransformsSection, rng: np.random.Generator) -> Picture:
    batch = torch.from_numpy(column.transpose(0, 3, 1, 2).astype(np.float32))
    mixed, _ = mix(batch, torch.eye(len(batch)), section.mixing, rng)
    return mixed.round().to(torch.uint8).numpy().transpose(0, 2, 3, 1)


def _tiled(cells: Picture) -> NDArray[np.uint8]:
    """Cells [rows, columns, size, size, C] side by side with a gap between them."""
    rows, columns, size, _, channels = cells.shape
    step = size + _GAP
    sheet = np.full((rows * step + _GAP, columns * step + _GAP, channels), _GAP_COLOUR, np.uint8)
    for row in range(rows):
        for column in range(columns):
            y, x = _GAP + row * step, _GAP + column * step
            sheet[y : y + size, x : x + size] = cells[row, column]
    return cv2.cvtColor(sheet, cv2.COLOR_GRAY2RGB) if channels == 1 else sheet  # type: ignore[return-value]
