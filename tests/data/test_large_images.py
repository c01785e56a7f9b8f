"""Large images are halved as often as needed, and few of them are decoded at once; the limits are small here."""

from __future__ import annotations

import io
import struct
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from PIL import Image

from sketchfit.data import images
from sketchfit.data.decoders import jpeg, large, pillow
from sketchfit.data.images import decode_image
from tests.data.malformed import drawing

MODES = {"L": "PNG", "RGB": "PNG", "RGBA": "PNG", "P": "PNG", "1": "PNG", "I;16": "PNG", "F": "TIFF", "CMYK": "TIFF"}


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Images of more than 1,500 pixels are large."""
    monkeypatch.setattr(pillow, "MOST", 1500)
    for module, name in ((large, "factor_of"), (jpeg, "factor_of")):
        monkeypatch.setattr(module, name, lambda width, height, most=1500: _factor(width, height, most))


def _factor(width: int, height: int, most: int) -> int:
    factor = 1
    while width * height > most * factor**2:
        factor *= 2
    return factor


def encoded(mode: str, size: tuple[int, int], kind: str, **options: object) -> bytes:
    picture = drawing(3, size, colour=False)
    if mode in ("I;16", "F"):
        values = np.asarray(picture.convert("L"))
        picture = Image.fromarray(values.astype(np.uint16) * 257 if mode == "I;16" else values.astype(np.float32) / 255)
    stream = io.BytesIO()
    (picture if mode in ("I;16", "F") else picture.convert(mode)).save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("mode", MODES)
def test_a_large_image_is_halved_and_looks_the_same(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(mode, (100, 61), MODES[mode])
    full = decode_image(data)
    assert (full.factor, full.pixels.shape[:2]) == (1, (61, 100))
    monkeypatch.setattr(pillow, "MOST", 1600)
    found = decode_image(data)
    assert (found.factor, found.pixels.shape[:2]) == (2, (31, 50))
    assert found.pixels.ndim == full.pixels.ndim
    means = cv2.resize(full.pixels[:60], (50, 30), interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(found.pixels[:30] - means).max() <= (1 if mode != "1" else 2)


@pytest.mark.parametrize("subsampling", [0, 2])
@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.usefixtures("small_limits")
def test_a_large_jpeg_is_decoded_at_a_fraction(subsampling: int, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded("RGB", (160, 96), "JPEG", subsampling=subsampling, exif=exif, quality=95)
    found = decode_image(data)
    assert found.factor == 4
    assert found.pixels.shape[:2] == ((24, 40) if orientation == 1 else (40, 24))
    upright = np.asarray(Image.open(io.BytesIO(data)).convert("L"))
    means = cv2.resize(upright, (40, 24), interpolation=cv2.INTER_AREA).astype(int)
    grey = found.pixels if orientation == 1 else np.rot90(found.pixels)
    assert np.abs(grey - means).mean() < 8


def test_a_damaged_large_image_is_halved_after_it_was_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded("L", (100, 60), "PNG", compress_level=0)
    monkeypatch.setattr(images.large, "factor_of", lambda width, height: _factor(width, height, 1600))
    found = decode_image(data[: len(data) // 2])
    assert (found.factor, found.pixels.shape) == (2, (30, 50))
    assert found.damage
    assert found.pixels[-1].min() == 255


def test_ordinary_images_are_not_touched() -> None:
    assert decode_image(encoded("RGB", (100, 60), "PNG")).factor == 1
    assert large.factor_of(5792, 5792) == 1
    assert large.factor_of(5793, 5793) == 2


def test_few_large_images_are_decoded_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "SMALL", 10)
    monkeypatch.setattr(large, "AT_ONCE", 100)
    now, most, lock = 0, 0, threading.Lock()

    def one(pixels: int) -> None:
        nonlocal now, most
        with large.one_image():
            with large.one_image():
                large.claim(pixels)
                large.claim(pixels)  # the same image, seen by another decoder
            with lock:
                now += pixels if pixels > 10 else 0
                most = max(most, now)
            time.sleep(0.005)
            with lock:
                now -= pixels if pixels > 10 else 0

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, [40, 60, 30, 5, 90, 100, 500, 20, 70, 8] * 3))
    assert most == 500  # alone
    assert large._USED == [0]
    with ThreadPoolExecutor(8) as pool:
        most = 0
        list(pool.map(one, [40, 60, 30, 5, 90, 100, 20, 70, 8] * 3))
    assert 60 < most <= 100


def test_a_large_cmyk_jpeg_has_the_same_ink(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Adobe's marker its values are ink, not light."""
    data = encoded("CMYK", (100, 60), "JPEG", quality=95)
    position = data.find(b"\xff\xee")  # Adobe's marker, and its length
    data = data[:position] + data[position + 2 + int.from_bytes(data[position + 2 : position + 4], "big") :]
    small = decode_image(data)
    monkeypatch.setattr(pillow, "MOST", 1600)
    found = decode_image(data)
    assert found.factor == 2
    assert abs(found.pixels.mean() - small.pixels.mean()) < 1


def test_a_large_image_with_a_transparent_level(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded("I;16", (100, 60), "PNG")
    chunk = b"tRNS" + (65535).to_bytes(2, "big")
    place = data.index(b"IDAT") - 4
    data = data[:place] + struct.pack(">I", 2) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[place:]
    small = decode_image(data)
    monkeypatch.setattr(pillow, "MOST", 1600)
    found = decode_image(data)
    assert (found.factor, found.pixels.shape) == (2, (30, 50))
    assert abs(found.pixels.mean() - small.pixels.mean()) < 2


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF", "GIF", "WEBP"])
def test_large_images_are_known_by_their_header(kind: str) -> None:
    assert not images.is_large(encoded("L", (100, 60), kind))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(images.large, "factor_of", lambda width, height: _factor(width, height, 1600))
        assert images.is_large(encoded("L", (100, 60), kind))
        assert not images.is_large(encoded("L", (100, 60), kind)[:20])
