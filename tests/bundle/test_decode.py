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

from sketchfit.bundle.decode import MOST_SCANS, UploadLimits, upload
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


def scans(count: int) -> bytes:
    """A JPEG whose header is followed by so many empty scans."""
    file = io.BytesIO()
    Image.new("L", (16, 16), 200).save(file, "JPEG", progressive=True)
    data = file.getvalue()
    first = data.index(b"\xff\xda")
    scan = b"\xff\xda\0\x08\x01\x01\0\0\0\0"
    return data[:first] + scan * (count - data.count(b"\xff\xda")) + data[first:]


@pytest.mark.parametrize("more", [1, 100_000])
def test_a_jpeg_of_many_scans_is_refused_before_it_is_decoded(more: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sketchfit.bundle.decode.decode_image", None)
    with pytest.raises(ImageError, match="scans"):
        upload(scans(MOST_SCANS + more))


def test_progressive_jpegs_are_decoded() -> None:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(file, "JPEG", progressive=True)
    assert upload(file.getvalue()).damage == ""
    assert upload(scans(MOST_SCANS)).pixels.shape == (16, 16)


def run_lengths(header: int, kind: int) -> bytes:
    """The start of a BMP with a kind of compression."""
    fields = header, 16, 16, 8 << 16 | 1, kind
    return b"BM" + bytes(12) + b"".join(field.to_bytes(4, "little") for field in fields) + bytes(200)


@pytest.mark.parametrize(
    "data",
    [
        b"qoif" + bytes(100),
        *(f"P{kind}\n4 4\n255\n".encode() + bytes(100) for kind in range(1, 7)),
        *(run_lengths(header, kind) for header in (40, 64, 108, 124) for kind in (1, 2)),
    ],
)
def test_what_is_decoded_in_python_is_refused(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sketchfit.bundle.decode.decode_image", None)
    with pytest.raises(ImageError, match="not accepted"):
        upload(data)


def test_an_old_bitmap_states_no_compression() -> None:
    """Its pixels may have any values where newer ones state it."""
    size = b"".join(field.to_bytes(2, "little") for field in (4, 4, 1, 24))
    pixels = bytes([0, 0, 0, 0, 1, 0, 0, 0] * 6)
    data = b"BM" + (26 + len(pixels)).to_bytes(4, "little") + bytes(4) + b"\x1a\0\0\0" + b"\x0c\0\0\0" + size + pixels
    assert data[30:34] == b"\1\0\0\0"
    assert upload(data).pixels.shape[:2] == (4, 4)


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
