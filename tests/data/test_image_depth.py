"""Images of 16 and 32 bits per channel: their scale, and the note on those that use 12 bits or fewer."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sketchfit.data.images import GREY_TOLERANCE, decode, decode_image
from tests.data.malformed import RAMP, RAMP_8, deep_grey_with_opacity, encoded


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("png", encoded(Image.fromarray(RAMP), "PNG"), RAMP_8),
        ("tiff", encoded(Image.fromarray(RAMP), "TIFF"), RAMP_8),
        ("tiff big-endian", encoded(Image.fromarray(RAMP.astype(">u2")), "TIFF"), RAMP_8),
        ("tiff white is zero", encoded(Image.fromarray(RAMP), "TIFF", tiffinfo={262: 0}), 255 - RAMP_8),
        ("tiff 32-bit", encoded(Image.fromarray(RAMP.astype(np.int32)), "TIFF"), RAMP_8),
        ("tiff float to 1", encoded(Image.fromarray(RAMP.astype(np.float32) / 65535), "TIFF"), RAMP_8),
        ("tiff float to 255", encoded(Image.fromarray(RAMP.astype(np.float32) / 257), "TIFF"), RAMP_8),
        ("pgm", b"P5 32 24 65535\n" + RAMP.astype(">u2").tobytes(), RAMP_8),
        ("pgm dark", b"P5 32 24 65535\n" + (RAMP // 400).astype(">u2").tobytes(), np.rint(RAMP // 400 / 257)),
    ],
)
def test_deep_grey_is_scaled(name: str, data: bytes, expected: np.ndarray) -> None:
    np.testing.assert_array_equal(decode(data), expected)


@pytest.mark.parametrize(
    ("values", "kind", "peak"),
    [
        (RAMP // 16, "PNG", 4095),
        (RAMP // 16, "TIFF", 4095),
        (RAMP // 257, "PNG", 255),
        ((RAMP // 16).astype(np.int32), "TIFF", 4095),
        ((RAMP // 257).astype(np.int32), "TIFF", None),  # scaled as 8 bits
        (RAMP // 8, "PNG", None),
        (RAMP, "TIFF", None),
        (RAMP * 0, "PNG", None),
    ],
)
def test_16_bits_of_which_12_are_used_are_named_and_not_changed(
    values: np.ndarray, kind: str, peak: int | None
) -> None:
    decoded = decode_image(encoded(Image.fromarray(values), kind))
    assert decoded.peak == peak
    top = 255 if values.dtype == np.int32 and values.max() <= 255 else 65535
    np.testing.assert_array_equal(decoded.pixels, np.rint(values * (255 / top)))


def test_16_bit_colour() -> None:
    deep = np.zeros((5, 6, 3), np.uint16)
    deep[..., 0] = 0xC8C8
    _, data = cv2.imencode(".png", deep[..., ::-1])
    np.testing.assert_array_equal(decode(data.tobytes()), np.full((5, 6, 3), (200, 0, 0)))


def deep_colour(values: np.ndarray, suffix: str) -> bytes:
    """Return a file of OpenCV's with the values, uint16 [H, W, channels] in RGB or RGBA."""
    order = [2, 1, 0, 3][: values.shape[2]]
    written, data = cv2.imencode(suffix, values[..., order])
    assert written
    return data.tobytes()


def with_opacity(values: np.ndarray, opacity: int) -> np.ndarray:
    return np.dstack([values, np.full(values.shape[:2], opacity, np.uint16)])


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@given(
    top=st.sampled_from([0, 255, 256, 511, 1023, 4095, 4096, 65535]),
    channel=st.integers(0, 2),
    opacity=st.sampled_from([None, 65535]),
)
@settings(max_examples=40)
def test_16_bits_of_colour_of_which_12_are_used_are_named(
    suffix: str, top: int, channel: int, opacity: int | None
) -> None:
    values = np.random.default_rng(top).integers(0, top + 1, (6, 7, 3)).astype(np.uint16) // 2
    values[3, 4, channel] = top
    decoded = decode_image(deep_colour(values if opacity is None else with_opacity(values, opacity), suffix))
    assert decoded.peak == (top | 255 if 256 <= top <= 4095 else None)  # Pillow keeps the upper 8 bits
    colour = decoded.pixels if decoded.pixels.ndim == 3 else decoded.pixels[..., None]
    assert np.abs(colour.astype(int) - (values >> 8)).max() <= GREY_TOLERANCE


@pytest.mark.parametrize(("values", "peak"), [(RAMP // 16, 4095), (RAMP // 8, None), (RAMP * 0, None)])
def test_16_bits_of_grey_with_opacity_of_which_12_are_used_are_named(values: np.ndarray, peak: int | None) -> None:
    decoded = decode_image(deep_grey_with_opacity(values))
    assert decoded.peak == peak
    np.testing.assert_array_equal(decoded.pixels, values >> 8)


def test_dark_colour_on_white_paper_is_not_nearly_black() -> None:
    values = with_opacity(np.full((6, 7, 3), 4095, np.uint16), 65535)
    values[:3, :, 3] = 0
    for suffix in (".png", ".tiff"):
        assert decode_image(deep_colour(values, suffix)).peak is None


def test_dark_colour_of_8_bits_has_no_peak() -> None:
    dark = Image.new("RGB", (6, 7), (15, 3, 0))
    for image in (dark, dark.convert("RGBA"), dark.convert("CMYK"), dark.quantize(2)):
        assert decode_image(encoded(image, "TIFF")).peak is None
    assert decode_image(encoded(dark, "PNG")).peak is None
