"""Batches for graphs that take one number of pictures."""

from __future__ import annotations

import numpy as np

from sketchfit.models.conversion.fixed_batch import in_batches_of


def test_batches_are_cut_and_filled():
    sizes = []

    def first_pixels(batch):
        sizes.append(len(batch))
        return batch[:, 0, 0, :1].astype(np.float32)

    pictures = np.random.default_rng(0).integers(0, 256, (11, 4, 4, 1)).astype(np.uint8)
    np.testing.assert_array_equal(in_batches_of(4, first_pixels)(pictures), pictures[:, 0, 0, :1])
    assert sizes == [4, 4, 4]
