from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.data import resize as resize_module
from sketchfit.data.paper import paper_colour
from sketchfit.data.resize import INK_CONTRAST, ink_box, to_square

HOWS = ("stretch", "pad", "crop", "ink")


def page(height: int, width: int, channels: int = 1, paper: int = 255) -> np.ndarray:
    return np.full((height, width, channels), paper, dtype=np.uint8)


@st.composite
def drawings(draw: st.DrawFn) -> np.ndarray:
    height, width = draw(st.integers(1, 60)), draw(st.integers(1, 60))
    channels = draw(st.sampled_from([1, 3]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    image = page(height, width, channels, draw(st.integers(0, 255)))
    ink = rng.random((height, width)) < draw(st.floats(0, 0.3))
    image[ink] = rng.integers(0, 256, (int(ink.sum()), channels))
    return image


@settings(deadline=None, max_examples=150)
@given(drawings(), st.integers(1, 50), st.sampled_from(HOWS))
def test_any_drawing_becomes_a_square_of_its_own_colours(image: np.ndarray, size: int, how: str) -> None:
    before = image.copy()
    square, paper = to_square(image, size, how)
    assert square.shape == (size, size, image.shape[2])
    assert square.dtype == paper.dtype == np.uint8
    assert paper.shape == (image.shape[2],)
    np.testing.assert_array_equal(image, before)
    # Interpolation and averaging invent no colour outside the range of what is there.
    for channel in range(image.shape[2]):
        there = [*image[:, :, channel].ravel(), paper[channel]]
        assert min(there) <= square[:, :, channel].min()
        assert square[:, :, channel].max() <= max(there)


@settings(deadline=None)
@given(st.integers(1, 70), st.integers(1, 70), st.integers(1, 40), st.integers(0, 255), st.sampled_from(HOWS))
def test_an_empty_page_stays_its_paper(height: int, width: int, size: int, colour: int, how: str) -> None:
    square, paper = to_square(page(height, width, 3, colour), size, how)
    assert paper.tolist() == [colour] * 3
    assert (square == colour).all()


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (2, 3)])
def test_images_of_a_pixel_or_a_line(shape: tuple[int, int], how: str) -> None:
    square, _ = to_square(page(*shape, 3, 17), 16, how)
    assert square.shape == (16, 16, 3)
    assert (square == 17).all()


def test_pad_keeps_the_aspect_and_centres() -> None:
    image = page(20, 40)
    image[2:-2, 2:-2] = 0  # 16 × 36 of ink on 20 × 40
    square, paper = to_square(image, 40, "pad")
    assert paper.tolist() == [255]
    top, left, bottom, right = ink_box(square, paper)
    assert (top, left, bottom, right) == (12, 2, 28, 38)
    assert (square[:10] == 255).all()
    assert (square[30:] == 255).all()


def test_pad_fills_with_the_paper_colour() -> None:
    image = page(10, 40, 3)
    image[:] = (10, 200, 90)
    image[4:6, 5:35] = 255
    square, paper = to_square(image, 40, "pad")
    assert paper.tolist() == [10, 200, 90]
    assert (square[0] == (10, 200, 90)).all()
    assert (square[-1] == (10, 200, 90)).all()


def test_stretch_fills_both_sides() -> None:
    image = page(10, 40)
    image[:, 20:] = 0
    square, _ = to_square(image, 20, "stretch")
    assert (square[:, :10] == 255).all()
    assert (square[:, 10:] == 0).all()


def test_crop_takes_the_middle() -> None:
    image = page(10, 30)
    image[:, :10] = 50
    image[:, 20:] = 100
    square, _ = to_square(image, 10, "crop")
    assert (square == 255).all()
    tall, _ = to_square(np.ascontiguousarray(image.transpose(1, 0, 2)), 10, "crop")
    assert (tall == 255).all()


@settings(deadline=None)
@given(st.integers(0, 80), st.integers(0, 80), st.integers(6, 30), st.integers(6, 30))
def test_ink_finds_the_drawing_wherever_it_lies(top: int, left: int, height: int, width: int) -> None:
    image = page(120, 120)
    image[top + 3 : top + 3 + height, left + 3 : left + 3 + width] = 0
    square, paper = to_square(image, 64, "ink")
    at_origin = page(120, 120)
    at_origin[3 : 3 + height, 3 : 3 + width] = 0
    np.testing.assert_array_equal(square, to_square(at_origin, 64, "ink")[0])
    box_top, box_left, box_bottom, box_right = ink_box(square, paper)
    assert min(box_top, box_left, 64 - box_bottom, 64 - box_right) >= 1  # a margin is left
    longer = max(box_bottom - box_top, box_right - box_left)
    assert longer >= 64 * 0.75  # and the drawing fills the square


def test_ink_box_by_hand() -> None:
    image = page(10, 12)
    image[3, 4] = 0
    image[6, 9] = 255 - INK_CONTRAST - 1
    image[8, 11] = 255 - INK_CONTRAST  # too faint to count
    assert ink_box(image, np.array([255], np.uint8)) == (3, 4, 7, 10)
    assert ink_box(page(10, 12), np.array([255], np.uint8)) == (0, 0, 10, 12)


def test_light_ink_on_dark_paper_counts() -> None:
    image = page(40, 40, 1, 10)
    image[15:25, 15:25] = 240
    square, paper = to_square(image, 32, "ink")
    assert paper.tolist() == [10]
    assert square[16, 16, 0] > 200
    assert (square[0] == 10).all()


def test_paper_is_the_median_of_the_border() -> None:
    image = page(10, 10, 3)
    image[2:8, 2:8] = 0  # ink within says nothing about the paper
    image[0, :4] = 0  # nor does a stroke that leaves the page
    assert paper_colour(image).tolist() == [255, 255, 255]


def test_thin_lines_survive_shrinking() -> None:
    image = page(512, 512)
    image[:, 255:257] = 0
    square, _ = to_square(image, 64, "pad")
    assert square[:, 31:33, 0].tolist() == [[223, 223]] * 64  # 255 × 7/8: an eighth of each cell is ink
    assert abs(square.mean() - image.mean()) < 0.1


@pytest.mark.parametrize("shape", [(10, 40_000), (40_000, 10), (1, 200_000), (3000, 3000), (300, 6000)])
def test_the_margin_of_long_and_thin_drawings_is_bounded(
    shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = np.full((*shape, 1), 255, np.uint8)
    image[shape[0] // 2 : shape[0] // 2 + 1 + shape[0] // 8, : max(1, shape[1] // 4)] = 0
    made: list[int] = []
    real = resize_module._border

    def border(image, rows, columns, paper):  # type: ignore[no-untyped-def]
        found = real(image, rows, columns, paper)
        made.append(found.size)
        return found

    monkeypatch.setattr(resize_module, "_border", border)
    square, paper = to_square(image, 64, "ink")
    assert square.shape == (64, 64, 1)
    assert paper.tolist() == [255]
    assert max(made) <= 1.1 * (2 * image.size + resize_module.FREE_PIXELS)
    box = ink_box(square, paper)
    assert max(box[2] - box[0], box[3] - box[1]) >= 56  # the ink fills the square but for its margins
