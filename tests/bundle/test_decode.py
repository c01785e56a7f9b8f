"""Uploads are decoded as training images are, or refused with one class of error."""

from __future__ import annotations

import io
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sketchfit.bundle.decode import UploadLimits, upload
from sketchfit.data.images import ImageError, decode


def encoded(suffix: str = ".png", shape: tuple[int, ...] = (20, 30, 3)) -> bytes:
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    return bytes(cv2.imencode(suffix, image)[1].tobytes())


def png_header(width: int, height: int) -> bytes:
    """A PNG that declares a size, and has hardly any data."""
    parts = (
        (b"IHDR", width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x00\0\0\0"),
        (b"IDAT", b"\x78\x9c"),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")
        for kind, content in parts
    )


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".webp", ".tif"])
def test_the_pixels_are_those_of_training(suffix: str) -> None:
    data = encoded(suffix)
    np.testing.assert_array_equal(upload(data).pixels, decode(data))


def test_damage_is_named() -> None:
    data = encoded(".png", (60, 60))
    found = upload(data[: len(data) * 2 // 3])
    assert found.damage
    assert found.pixels.shape == (60, 60)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"hello", "format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"8BPS\0\x01" + bytes(100), "PSD"),
        (b'{"drawing": [[[0, 1], [0, 1]]]}', "format"),
        (b"\x1f\x8b" + bytes(100), "format"),
        (png_header(60_000, 60_000), "pixels"),
        (encoded(".jpg")[:30], "truncated"),
        (encoded(".png")[:40], "truncated"),
    ],
)
def test_what_is_no_image_is_refused(data: bytes, word: str) -> None:
    with pytest.raises(ImageError, match=word):
        upload(data)


def test_limits_of_bytes_pixels_and_formats() -> None:
    data = encoded(".png", (20, 30))
    upload(data, UploadLimits(bytes=len(data), pixels=600))
    with pytest.raises(ImageError, match="limit"):
        upload(data, UploadLimits(bytes=len(data) - 1))
    with pytest.raises(ImageError, match="599"):
        upload(data, UploadLimits(pixels=599))
    with pytest.raises(ImageError, match="JPEG"):
        upload(data, UploadLimits(formats=("JPEG",)))


def test_a_picture_of_many_frames_is_its_first() -> None:
    file = io.BytesIO()
    frames = [Image.new("L", (8, 8), level) for level in (10, 200)]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    assert upload(file.getvalue()).pixels.max() == 10


@given(st.sampled_from((".png", ".jpg", ".bmp", ".webp")), st.data())
def test_damaged_files_raise_nothing_else(suffix: str, data: st.DataObject) -> None:
    content = bytearray(encoded(suffix))
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=8)):
        content[place] ^= data.draw(st.integers(1, 255))
    end = data.draw(st.integers(0, len(content)))
    try:
        pixels = upload(bytes(content[:end]), UploadLimits(pixels=10_000)).pixels
    except ImageError as error:
        text = str(error)
    else:
        assert pixels.dtype == np.uint8
        text = "decoded"
    assert text
