"""What the augmented pictures of an epoch are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.batches import Augment, SampleGenerator
from sketchfit.data.samples import rows_of
from sketchfit.data.store_files import IMAGES, PAPER
from sketchfit.runs.arrays import map_npy, read_npy


@dataclass(frozen=True)
class PictureSource:
    """What the pictures of an epoch are made from; it can be sent to another process if its functions can be pickled.

    Attributes:
        folder: of the image store.
        shape: of a picture: size, size, C.
        augment: makes a picture uint8 from a stored image.
        generator: returns the random generator of a sample.
        special: rows that another function makes pictures of.
    """

    folder: Path
    shape: tuple[int, int, int]
    augment: Augment
    generator: SampleGenerator
    special: Mapping[int, Augment] = field(default_factory=dict)

    @cached_property
    def images(self) -> NDArray[np.uint8]:
        """Stored images, uint8 [N, S, S, C], memory-mapped."""
        return map_npy(self.folder / IMAGES)

    @cached_property
    def paper(self) -> NDArray[np.uint8]:
        """Colour of each drawing's paper, uint8 [N, C]."""
        return read_npy(self.folder / PAPER)

    def pictures(self, samples: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the pictures of samples, uint8 [n, *shape].

        Raises:
            ValueError: a picture has another shape or type.
        """
        made = np.empty((len(samples), *self.shape), np.uint8)
        for place, (sample, row) in enumerate(zip(samples.tolist(), rows_of(samples).tolist(), strict=True)):
            one = self.special.get(row, self.augment)(self.images[row], self.paper[row], self.generator(sample))
            if one.shape != self.shape or one.dtype != np.uint8:
                raise ValueError(f"a picture is {one.dtype} {one.shape} in place of uint8 {self.shape}")
            made[place] = one
        return made
