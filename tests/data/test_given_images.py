"""Images of a Python program are decoded as files of the same pixels are."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from sketchfit.data.given_images import as_pillow, decode_given
from sketchfit.data.images import ImageError, decode_image

LIMIT = 10_000
SIDES = st.integers(1, 12)


def shapes(*last: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.tuples(SIDES, SIDES, *map(st.just, last))


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@given(st.one_of(shapes(), shapes(3), shapes(4)).flatmap(lambda shape: arrays(np.uint8, shape)))
def test_an_array_an_image_and_a_file_are_the_same(pixels: np.ndarray) -> None:
    content = png(Image.fromarray(pixels))
    if not any(content):
        return
    expected = decode_image(content).pixels
    for same in (pixels, Image.fromarray(pixels), content):
        assert np.array_equal(decode_given(same, LIMIT).pixels, expected)


@given(shapes().flatmap(lambda shape: arrays(np.uint16, shape)))
def test_wide_grey_has_its_complete_range(pixels: np.ndarray) -> None:
    expected = decode_image(png(Image.fromarray(pixels))).pixels
    assert np.array_equal(decode_given(pixels, LIMIT).pixels, expected)


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        (np.array([[False, True]]), [[0, 255]]),
        (np.array([[0.0, 0.5, 1.0]]), [[0, 128, 255]]),
        (np.array([[0.0, 0.25]], np.float16), [[0, 64]]),
        (np.array([[0, 200, 255]], np.int64), [[0, 200, 255]]),
        (np.array([[[7]]], np.uint8), [[7]]),
        (np.array([[[10, 20, 200, 0]]], np.uint8), [[255]]),  # transparent: the white paper
    ],
)
def test_types_of_arrays(pixels: np.ndarray, expected: Any) -> None:
    assert decode_given(pixels, LIMIT).pixels.tolist() == expected


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((3, 20, 20), np.uint8),
        np.zeros(5, np.uint8),
        np.zeros((2, 2, 2), np.uint8),
        np.zeros((0, 4), np.uint8),
        np.array([[-1, 3]]),
        np.array([[0, 256]]),
        np.array([[0.0, 255.0]]),
        np.array([[0.0, np.nan]]),
        np.array([[1j]]),
        np.array([["white"]]),
        np.array([[None]]),
        np.zeros((2, 2), [("red", np.uint8)]),
        np.zeros((101, 100), np.uint8),  # above the limit of pixels
    ],
)
def test_arrays_that_are_no_images(pixels: np.ndarray) -> None:
    with pytest.raises(ImageError):
        decode_given(pixels, LIMIT)


def test_the_orientation_of_an_image_is_undone() -> None:
    image = as_pillow(np.array([[0, 100, 255]], np.uint8))
    image.getexif()[0x0112] = 6
    file = io.BytesIO()
    image.save(file, "PNG", exif=image.getexif())
    assert decode_given(Image.open(file), LIMIT).pixels.tolist() == [[0], [100], [255]]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for one in (tmp_path / "gone.png", tmp_path, b"", b"no image"):
        with pytest.raises(ImageError):
            decode_given(one, LIMIT)
