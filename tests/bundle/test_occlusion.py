"""The heat map: values by hand, blank drawings, and equal results for any batch size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from sketchfit.bundle.occlusion import occlusion_heat


def share_of_ink(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Two classes: the share of black, and that of white."""
    black = (1 - pictures.astype(np.float32) / 255).mean(axis=(1, 2, 3))
    return np.stack([black, 1 - black], axis=1)


def corner() -> NDArray[np.uint8]:
    """Four pixels per side, of which the four of the top left cell are ink."""
    picture = np.full((4, 4, 1), 255, np.uint8)
    picture[:2, :2] = 0
    return picture


def test_each_cell_is_the_mean_over_the_windows_that_cover_it() -> None:
    # Each cell is in 4 windows. Those that cover the ink take its quarter away.
    heat = occlusion_heat(share_of_ink, corner(), 0, grid=2)
    assert_allclose(heat, [[0.25, 0.125], [0.125, 0.0625]], atol=1e-6)


def test_parts_that_lower_a_class_are_negative() -> None:
    assert_allclose(occlusion_heat(share_of_ink, corner(), 1, grid=2), [[-0.25, -0.125], [-0.125, -0.0625]], atol=1e-6)


def test_windows_of_paper_are_not_evaluated() -> None:
    evaluated = []

    def predict(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        evaluated.append(len(pictures))
        return share_of_ink(pictures)

    occlusion_heat(predict, corner(), 0, grid=2)
    assert evaluated == [1, 4]
    evaluated.clear()
    assert_array_equal(occlusion_heat(predict, np.full((4, 4, 1), 90, np.uint8), 0, grid=2), np.zeros((2, 2)))
    assert evaluated == [1]


@given(arrays.arrays(np.uint8, (9, 9, 3), elements=st.sampled_from([0, 255])), st.integers(1, 9), st.integers(1, 40))
def test_batches_and_grids(picture: NDArray[np.uint8], grid: int, batch: int) -> None:
    heat = occlusion_heat(share_of_ink, picture, 0, grid, batch)
    assert heat.shape == (grid, grid)
    assert heat.dtype == np.float32
    assert np.abs(heat).max() <= 1
    assert_allclose(heat, occlusion_heat(share_of_ink, picture, 0, grid), atol=1e-6)


@pytest.mark.parametrize("grid", [0, 5])
def test_a_grid_that_does_not_fit_is_refused(grid: int) -> None:
    with pytest.raises(ValueError, match="grid"):
        occlusion_heat(share_of_ink, corner(), 0, grid=grid)
