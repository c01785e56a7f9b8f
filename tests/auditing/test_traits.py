"""Traits: measured figures against figures that are known."""

from __future__ import annotations

import io
import math
from dataclasses import astuple, fields

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from sketchfit.auditing.jpeg_quality import jpeg_quality
from sketchfit.auditing.shrink import shrink
from sketchfit.auditing.traits import TRAIT_NAMES, Traits, measure, quantile_in, traits_frame

Array = NDArray[np.uint8]


def paper(height: int = 200, width: int = 200) -> Array:
    return np.full((height, width), 255, np.uint8)


def band(width: float, degrees: float, side: int = 240) -> Array:
    """A straight line of exactly this width, its pixels as dark as the share of them that it covers."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    turn = math.radians(degrees)
    across = np.abs(x * math.sin(turn) - y * math.cos(turn))
    along = np.abs(x * math.cos(turn) + y * math.sin(turn))
    cover = np.clip(width / 2 + 0.5 - across, 0, 1) * (along < side * 0.4)
    return (255 - np.rint(255 * cover)).astype(np.uint8)


@settings(max_examples=60, deadline=None)
@given(st.floats(2, 14), st.floats(0, 180))
def test_line_width_is_that_of_the_line_at_any_angle(width: float, degrees: float) -> None:
    # Whole pixels are counted at the line's two edges, half a pixel each at worst.
    assert measure(band(width, degrees), 1).line_width == pytest.approx(width, abs=1)


def test_line_width_is_hardly_biased() -> None:
    rng = np.random.default_rng(0)
    lines = [(float(rng.uniform(2, 14)), float(rng.uniform(0, 180))) for _ in range(150)]
    errors = np.array([measure(band(width, degrees), 1).line_width - width for width, degrees in lines])
    assert abs(errors.mean()) < 0.15
    assert np.quantile(abs(errors), 0.9) < 0.45


def test_line_width_of_a_large_image_is_in_its_own_pixels() -> None:
    traits = measure(band(24, 30, side=1600), 1)
    assert traits.line_width == pytest.approx(24, abs=2)
    assert traits.relative_width == traits.line_width / 1600


def test_box_and_ink_of_a_filled_rectangle() -> None:
    image = paper(100, 200)
    image[20:70, 50:150] = 0
    traits = measure(image, 1234)
    assert (traits.box_left, traits.box_top, traits.box_right, traits.box_bottom) == (0.25, 0.2, 0.75, 0.7)
    assert traits.ink == pytest.approx(0.25)
    assert traits.box_share == pytest.approx(0.25)
    assert (traits.width, traits.height, traits.aspect, traits.file_bytes) == (200, 100, 2, 1234)
    assert (traits.paper, traits.contrast, traits.inverted, traits.blank) == (255, 255, False, False)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_separate_drawings_are_counted(count: int) -> None:
    image = paper(120, 120 * count)
    for index in range(count):
        cv2.circle(image, (120 * index + 60, 60), 35, 0, 3)
    assert measure(image, 1).drawings == count


def test_what_lies_inside_belongs_to_the_drawing_around_it_and_specks_count_for_nothing() -> None:
    face = paper()
    cv2.circle(face, (100, 100), 80, 0, 3)
    cv2.circle(face, (70, 80), 8, 0, 3)
    cv2.circle(face, (130, 80), 8, 0, 3)
    face[4:6, 4:6] = 0
    assert measure(face, 1).drawings == 1


def test_inverted_and_grey_paper() -> None:
    image = np.full((80, 80), 30, np.uint8)
    cv2.line(image, (10, 10), (70, 60), 230, 3)
    dark, light = measure(image, 1), measure(255 - image, 1)
    assert (dark.inverted, light.inverted) == (True, False)
    assert (dark.paper, light.paper) == (30, 225)
    assert (dark.ink, dark.contrast, dark.line_width) == (light.ink, light.contrast, light.line_width)


def test_colour_is_measured_where_there_is_some() -> None:
    grey = paper()
    cv2.line(grey, (10, 10), (190, 150), 0, 5)
    red = np.repeat(grey[:, :, None], 3, axis=2)
    red[grey < 128] = (200, 40, 20)
    assert (measure(grey, 1).colour, measure(grey, 1).chroma) == (False, 0)
    assert (measure(red, 1).colour, measure(red, 1).chroma) == (True, 180)


def test_blur_lowers_sharpness() -> None:
    image = band(4, 20)
    blurred = [np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8) for sigma in (1.0, 2.0, 4.0)]
    sharpness = [measure(one, 1).sharpness for one in [image, *blurred]]
    assert sharpness == sorted(sharpness, reverse=True)
    assert sharpness[0] > 5 * sharpness[-1]


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (2, 2), (1, 1, 3), (64, 64), (5, 900, 3)])
def test_blank_images_of_any_shape_have_no_ink(shape: tuple[int, ...]) -> None:
    traits = measure(np.full(shape, 255, np.uint8), 1)
    assert (traits.blank, traits.ink, traits.drawings, traits.inverted) == (True, 0, 0, False)
    assert math.isnan(traits.line_width)
    assert math.isnan(traits.box_share)
    assert math.isnan(traits.sharpness)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 40), st.booleans())
def test_noise_of_any_shape_is_measured(seed: int, height: int, width: int, colour: bool) -> None:
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (height, width, 3) if colour else (height, width), dtype=np.uint8)
    traits = measure(image, 10)
    assert 0 <= traits.ink <= 1
    assert not any(math.isinf(value) for value in astuple(traits))


def test_mirroring_swaps_the_box_and_leaves_the_rest() -> None:
    image = paper(150, 220)
    cv2.ellipse(image, (90, 70), (60, 40), 20, 0, 300, 0, 3)
    there, mirrored = measure(image, 1), measure(np.ascontiguousarray(image[:, ::-1]), 1)
    assert mirrored.box_left == pytest.approx(1 - there.box_right)
    for field in fields(Traits):
        if field.name not in ("box_left", "box_right", "line_width", "relative_width"):
            assert getattr(mirrored, field.name) == pytest.approx(getattr(there, field.name), nan_ok=True)
    assert mirrored.line_width == pytest.approx(there.line_width, rel=0.05)


def test_jpeg_quality_is_the_one_that_was_asked_for() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16), dtype=np.uint8)
    for quality in range(1, 101):
        by_opencv = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        stream = io.BytesIO()
        Image.fromarray(pixels).convert("RGB").save(stream, "JPEG", quality=quality)
        assert jpeg_quality(by_opencv) == pytest.approx(quality, abs=1 if quality < 10 else 0), quality
        assert jpeg_quality(stream.getvalue()) == jpeg_quality(by_opencv)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
@example(b"")
@example(b"\xff\xdb")
@example(b"\xff\xdb\x00\x43\x00")
@example(b"\xff\xdb\x00\x00" * 4)
def test_jpeg_quality_of_damage_is_a_quality_or_nan(data: bytes) -> None:
    quality = jpeg_quality(b"\xff\xd8" + data)
    assert math.isnan(quality) or 1 <= quality <= 100
    assert math.isnan(jpeg_quality(b"\x89PNG" + data))


def test_frame_has_a_column_a_trait_and_nan_for_what_could_not_be_read() -> None:
    frame = traits_frame([measure(band(3, 0), 5), None], [0, 0], ["train", "test"], ["train/a.png", "test/b.png"])
    assert list(frame.columns) == ["row", "split", "path", *TRAIT_NAMES]
    assert frame["file_bytes"].tolist()[0] == 5
    assert frame.loc[1, list(TRAIT_NAMES)].isna().all()
    assert frame["row"].dtype == np.int64
    assert len(traits_frame([], [], [], [])) == 0


def test_shrink_leaves_small_images_and_averages_large_ones() -> None:
    image = np.tile(np.array([[0, 255], [255, 0]], np.uint8), (100, 50))
    assert shrink(image, 200) is image
    assert shrink(image, 100).shape == (100, 50)
    assert np.unique(shrink(image, 100)).tolist() == [128]


@given(st.lists(st.integers(0, 255), min_size=1, max_size=40), st.floats(0, 1))
def test_the_quantile_of_counts_is_that_of_the_values(values: list[int], share: float) -> None:
    pixels = np.array([values, values[::-1]], np.uint8)
    mask = np.array([[255] * len(values), [0] * len(values)], np.uint8)
    assert math.isclose(quantile_in(pixels, mask, share), float(np.quantile(values, share)), abs_tol=1e-9)
