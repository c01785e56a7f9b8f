"""A sheet of augmented images: one row per image."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from sketchfit.config.recipe import Recipe
from sketchfit.config.transforms import TransformsSection
from sketchfit.transforms.augment import augment_for, eval_augment
from sketchfit.transforms.mixing import mix
from sketchfit.transforms.ops import Picture
from sketchfit.transforms.rng import sample_rng

_GAP, _GAP_COLOUR = 2, 160
_MIXING_STREAM = 1


def policy_grid(
    images: Sequence[Picture], papers: Sequence[Picture], recipe: Recipe, epoch: int = 0, samples: int = 7
) -> NDArray[np.uint8]:
    """Return one row per image: the entire image, then augmented versions; mixed where the epoch's batches are.

    Args:
        images: each uint8 [S, S', C], all with the same C in {1, 3}.
        papers: each uint8 [C].
        recipe: its policy, input size and seed.
        epoch: from 0; chooses the stage of the curriculum.
        samples: augmented versions; each has the random numbers of another epoch.

    Returns:
        uint8 [rows · (size + gap) + gap, (samples + 1) · (size + gap) + gap, 3], RGB.
    """
    section, size, epochs, seed = recipe.transforms, recipe.model.size, recipe.training.epochs, recipe.seed
    augment, plain = augment_for(section, size, epoch, epochs), eval_augment(size)
    pairs = list(zip(images, papers, strict=True))
    columns = [np.stack([plain(image, paper, sample_rng(seed, 0, 0)) for image, paper in pairs])]
    for number in range(samples):
        column = np.stack([augment(im, paper, sample_rng(seed, number, row)) for row, (im, paper) in enumerate(pairs)])
        if section.mixes_at(epoch, epochs):
            column = _mixed(column, section, sample_rng(seed, number, 0, _MIXING_STREAM))
        columns.append(column)
    return _tiled(np.stack(columns, axis=1))


def _mixed(column: Picture, section: TransformsSection, rng: np.random.Generator) -> Picture:
    batch = torch.from_numpy(column.transpose(0, 3, 1, 2).astype(np.float32))
    mixed, _ = mix(batch, torch.eye(len(batch)), section.mixing, rng)
    return mixed.round().to(torch.uint8).numpy().transpose(0, 2, 3, 1)


def _tiled(cells: Picture) -> NDArray[np.uint8]:
    """Return cells [rows, columns, size, size, C] side by side with a gap between them."""
    rows, columns, size, _, channels = cells.shape
    step = size + _GAP
    sheet = np.full((rows * step + _GAP, columns * step + _GAP, channels), _GAP_COLOUR, np.uint8)
    for row in range(rows):
        for column in range(columns):
            y, x = _GAP + row * step, _GAP + column * step
            sheet[y : y + size, x : x + size] = cells[row, column]
    return cv2.cvtColor(sheet, cv2.COLOR_GRAY2RGB) if channels == 1 else sheet  # type: ignore[return-value]
