from __future__ import annotations

import base64
import io
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from sketchfit.data.images import GREY_TOLERANCE, ImageError, decode, decode_image
from sketchfit.data.readers import read_table
from tests.data.malformed import (
    RAMP_8,
    SVG,
    damaged_images,
    drawing,
    encoded,
    odd_images,
    png_of_size,
    unreadable_images,
    without_adobe_marker,
)

# Pillow's warning of a large image is ignored by the package, but pytest starts from the default filters.
pytestmark = pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning", "ignore::UserWarning:PIL")

HEIC = (
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAX1tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAACJpbG9j"
    "AAAAAERAAAEAAQAAAAABoQABAAAAAAAAAO4AAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRtAAAAAAABAAAA/Wlw"
    "cnAAAADdaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AA"
    "AAMAkAAAAwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAA"
    "QAAAAEAAAAAoY2xhcAAAAEAAAAABAAAAMAAAAAEAAAAAAAAAAv////AAAAACAAAAEHBpeGkAAAAAAwgICAAAABhpcG1hAAAAAAAAAAEAAQWB"
    "AgMFhAAAAPZtZGF0AAAA6igBrxmA99kVb6MAxv978xXCtWtRjrnfHifZxZzm8rO4JO52UI/pO3TdEdB//wOjw/l0C7lW1YPubiSWcY4eA505"
    "oheCgrHLbnj9f5aEcXS13I1OzdF82TEQY0ntMbawfksJdARffiyunpQ4a2dUzh+H3CSKgYZr2iQjHgD06UYmRY2DEp1ShEG0Gwyy03rd6B7G"
    "eDIyziCzxbqqODWfWNs7GJXrmhQU0KvBSWUJPkVncbVSUzPIOAY28xXt1Uxdz99WdyjloEKE3dH/FClbPErvC3IC9riBuVH0SOKO6kpJk+ii"
    "pmITTo5/Gg=="
)
"""A red rectangle and a blue ellipse on white, 64 x 48 pixels."""


@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=3, max_dims=3, max_side=20).map(lambda s: (s[0], s[1], 3))))
@settings(max_examples=40)
def test_lossless_colour_is_exact_or_grey_within_the_tolerance(pixels: np.ndarray) -> None:
    for kind in ("PNG", "BMP", "TIFF", "PPM"):
        decoded = decode(encoded(Image.fromarray(pixels), kind))
        spread = int((pixels.max(axis=2).astype(int) - pixels.min(axis=2)).max())
        if spread > GREY_TOLERANCE:
            np.testing.assert_array_equal(decoded, pixels)
        else:
            assert decoded.ndim == 2
            assert np.abs(pixels.astype(int) - decoded[..., None]).max() <= GREY_TOLERANCE


@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=20)))
@settings(max_examples=40)
def test_grey_is_exact_in_one_channel(pixels: np.ndarray) -> None:
    image = Image.fromarray(pixels)
    for same in (image, image.convert("RGB"), image.convert("RGBA"), image.convert("LA")):
        np.testing.assert_array_equal(decode(encoded(same, "PNG")), pixels)


@pytest.mark.parametrize("options", [{"quality": 30}, {"progressive": True}, {"subsampling": 0}, {"optimize": True}])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_jpeg_equals_opencv(options: dict[str, object], mode: str) -> None:
    data = encoded(drawing(3, (77, 51)).convert(mode), "JPEG", **options)
    reference = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(decode(data), reference if mode == "L" else reference[..., ::-1])


@pytest.mark.parametrize("quality", [5, 30, 75, 95])
def test_grey_saved_twice_as_colour_jpeg_is_grey(quality: int) -> None:
    grey = drawing(4, (80, 64)).convert("L").convert("RGB")
    once = Image.open(io.BytesIO(encoded(grey, "JPEG", quality=quality)))
    assert decode(encoded(once.resize((70, 60)), "JPEG", quality=quality)).shape == (60, 70)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True}}.get(kind, {})
    corner = np.zeros((12, 20, 3), np.uint8)
    corner[:4, :9] = (250, 10, 10)
    data = encoded(Image.fromarray(corner), kind, exif=exif, **options)
    reference = {
        1: corner,
        2: corner[:, ::-1],
        3: np.rot90(corner, 2),
        4: corner[::-1],
        5: corner.swapaxes(0, 1),
        6: np.rot90(corner, -1),
        7: np.rot90(corner, 2).swapaxes(0, 1),
        8: np.rot90(corner),
    }[orientation].astype(int)
    decoded = decode(data)
    assert decoded.shape == reference.shape
    assert np.abs(decoded - reference).max() <= 20


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_white_strokes_on_transparent_ground_are_on_black(mode: str) -> None:
    strokes = np.zeros((8, 8, 4), np.uint8)
    strokes[..., :3] = 255
    strokes[3, 1:7, 3] = 255
    pixels = decode(encoded(Image.fromarray(strokes, "RGBA").convert(mode), "PNG"))
    expected = np.zeros((8, 8), np.uint8)
    expected[3, 1:7] = 255
    assert np.array_equal(pixels, expected)


def test_an_empty_transparent_picture_is_white() -> None:
    for level in (0, 255):  # of the colour that no pixel shows
        empty = np.full((8, 8, 4), level, np.uint8)
        empty[..., 3] = 0
        assert decode(encoded(Image.fromarray(empty, "RGBA"), "PNG")).min() == 255


def test_transparency_is_white() -> None:
    rgba = np.zeros((4, 4, 4), np.uint8)
    rgba[0, 0] = (200, 0, 0, 255)
    rgba[0, 1] = (200, 0, 0, 51)  # a fifth: 0.2 * 200 + 0.8 * 255 = 244 and 0.8 * 255 = 204
    decoded = decode(encoded(Image.fromarray(rgba), "PNG"))
    assert decoded[0, 0].tolist() == [200, 0, 0]
    assert decoded[0, 1].tolist() == [244, 204, 204]
    assert (decoded[1:] == 255).all()
    black = Image.new("P", (8, 8), 0)
    for data in (
        encoded(black, "GIF", transparency=0),
        encoded(black, "PNG", transparency=0),
        encoded(black, "PNG", transparency=b"\0"),
        encoded(Image.new("L", (8, 8), 5), "PNG", transparency=5),
        encoded(Image.fromarray(np.zeros((8, 8), np.uint16)), "PNG", transparency=0),
    ):
        np.testing.assert_array_equal(decode(data), np.full((8, 8), 255))


def test_one_bit_and_palette() -> None:
    bits = Image.fromarray(RAMP_8).convert("1")
    for data in (encoded(bits, "PNG"), encoded(bits, "TIFF", compression="group4"), encoded(bits, "BMP")):
        np.testing.assert_array_equal(decode(data), np.asarray(bits) * 255)
    palette = drawing(2).quantize(8)
    np.testing.assert_array_equal(decode(encoded(palette, "PNG")), np.asarray(palette.convert("RGB")))


def test_cmyk_plain_and_inverted() -> None:
    ink = (10, 200, 30, 40)
    image = Image.new("CMYK", (32, 32), ink)
    red, green, blue = (round((255 - c) * (255 - ink[3]) / 255) for c in ink[:3])
    for data in (
        encoded(image, "JPEG"),  # Pillow writes Adobe's inverted inks and marker
        encoded(image, "TIFF"),
        without_adobe_marker(encoded(Image.new("CMYK", (32, 32), tuple(255 - c for c in ink)), "JPEG")),
    ):
        assert np.abs(decode(data)[16, 16].astype(int) - (red, green, blue)).max() <= 2


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "PNG"])
def test_first_picture_counts(kind: str) -> None:
    first, second = Image.new("RGB", (20, 10), "red"), Image.new("RGB", (20, 10), "blue")
    decoded = decode(encoded(first, kind, save_all=True, append_images=[second]))
    assert decoded.shape == (10, 20, 3)
    assert np.abs(decoded.astype(int) - (255, 0, 0)).max() <= 4


@pytest.mark.parametrize("kind", unreadable_images())
def test_unreadable_images_are_refused_without_noise(kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ImageError) as caught:
        decode(unreadable_images()[kind])
    assert len(str(caught.value)) > 10
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", odd_images())
def test_odd_images_decode_without_noise(kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    pixels = decode(odd_images()[kind])
    assert pixels.dtype == np.uint8
    assert pixels.ndim in (2, 3)
    assert pixels.flags.c_contiguous
    assert pixels.flags.writeable
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", damaged_images())
def test_damaged_images_are_decoded_and_named(kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    decoded = decode_image(damaged_images()[kind])
    assert len(decoded.damage) > 10
    assert decoded.pixels.shape[:2] == (64, 64)
    assert np.ptp(decoded.pixels[:20]) > 100
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "PPM", "GIF"])
def test_no_truncation_passes_without_a_word(kind: str) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (48, 48, 3), dtype=np.uint8))
    data = encoded(noise, kind)
    order = slice(None, None, -1 if kind == "BMP" else 1)  # of the rows in the file
    complete = decode(data)[order]
    for end in [*range(0, len(data), 397), *range(len(data) - 4, len(data))]:
        try:
            decoded = decode_image(data[:end])
        except ImageError:
            continue
        if not decoded.damage:  # a GIF's last two bytes end the file, not the picture
            assert kind == "GIF"
            assert end >= len(data) - 2
        pixels, rows = decoded.pixels[order], 48 * end // len(data)
        np.testing.assert_array_equal(pixels[: max(rows - 20, 0)], complete[: max(rows - 20, 0)])
        assert (pixels[rows + 20 :] == 255).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_most_of_a_truncated_image_is_decoded(kind: str) -> None:
    data = encoded(drawing(3, (200, 160)), kind)
    assert "truncated" in decode_image(data[:-3]).damage
    np.testing.assert_array_equal(decode(data[:-3]), decode(data))


def test_heic_is_decoded_by_the_package_of_the_extra() -> None:
    pytest.importorskip("pi_heif")
    decoded = decode(base64.b64decode(HEIC)).astype(int)
    assert decoded.shape == (48, 64, 3)
    np.testing.assert_allclose(decoded[[2, 14, 26], [2, 12, 48]], [(255,) * 3, (200, 30, 30), (20, 60, 200)], atol=8)


@pytest.mark.parametrize("suffix", ["HEIF", "JXL", "AVIF"])
def test_formats_of_the_extra(suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if suffix == "HEIF":  # its writer; the decoder that the extra installs is another package without one
        pytest.importorskip("pillow_heif").register_heif_opener()
    if suffix == "JXL":
        pytest.importorskip("pillow_jxl")
    image = drawing(1, (64, 48))
    decoded = decode(encoded(image, suffix, quality=95))
    assert decoded.shape == (48, 64, 3)
    assert np.abs(decoded.astype(int) - np.asarray(image)).mean() < 5
    monkeypatch.setattr("sketchfit.data.decoders.formats.find_spec", lambda name: None)
    if suffix != "AVIF":
        with pytest.raises(ImageError, match=r"pip install .*(formats|jxl)"):
            decode(encoded(image, suffix))


def test_a_data_set_names_what_it_cannot_decode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a/1.heic", "a/2.png", "b/1.HEIC", "b/2.svg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert read_table(tmp_path).notes == ()
    monkeypatch.setattr("sketchfit.data.decoders.formats.find_spec", lambda name: None)
    notes = read_table(tmp_path).notes
    assert len(notes) == 2
    assert "2 images are HEIC" in notes[0]
    assert "pip install" in notes[1]


def test_svg_is_drawn_in_its_shape_and_reads_nothing_else(tmp_path: Path) -> None:
    decoded = decode(SVG.encode())
    assert decoded.shape == (512, 1024)
    assert decoded[256, 512] < 80
    assert decoded[-1, 0] == 255
    Image.new("RGB", (8, 8), "black").save(tmp_path / "secret.png")
    start = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="8" height="8">'
    for link in ("href", "xlink:href"):
        for name in (tmp_path / "secret.png", f"file://{tmp_path}/secret.png"):
            picture = f'<image {link} = "{name}" width="8" height="8"/>'
            assert (decode(f"{start}{picture}</svg>".encode()) == 255).all()
            declared = f"<!DOCTYPE svg [<!ENTITY x '{picture}'>]>"
            with pytest.raises(ImageError, match="entities"):
                decode(f"{declared}{start}&x;</svg>".encode())


def test_strokes_are_centred_lines() -> None:
    decoded = decode(b'{"drawing": [[[0, 100], [0, 0]], [[50.5], [20], [7]]]}')
    dark = np.argwhere(decoded < 128)
    assert decoded.shape == (512, 512)
    np.testing.assert_allclose((dark.min(axis=0) + dark.max(axis=0)) / 2, 256, atol=2)
    assert np.ptp(dark[:, 1]) > 400
    for wrong in (
        b'{"drawing": []}',
        b'{"drawing": [[[0], [1, 2]]]}',
        b'{"drawing": 7}',
        b'{"drawing": [[[1e999],[0]]]}',
    ):
        with pytest.raises(ImageError):
            decode(wrong)


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\0", b"BM", b"RIFF"]),
)
@settings(max_examples=150)
def test_any_bytes_decode_or_raise_image_error(noise: bytes, start: bytes) -> None:
    with suppress(ImageError):
        decode(start + noise)


@given(st.sampled_from(["JPEG", "PNG", "GIF", "BMP", "WEBP"]), st.integers(0, 10**6), st.integers(1, 255))
@settings(max_examples=80)
def test_any_changed_byte_decodes_or_raises_image_error(kind: str, place: int, change: int) -> None:
    data = bytearray(encoded(drawing(1), kind))
    data[place % len(data)] ^= change
    with suppress(ImageError):
        assert decode(bytes(data), max_pixels=10**6).dtype == np.uint8


def test_size_is_checked_before_decoding() -> None:
    data = encoded(drawing(1, (40, 32)), "JPEG")
    assert decode(data, max_pixels=40 * 32).shape == (32, 40, 3)
    for too_large in (data, encoded(drawing(1, (40, 32)), "PNG"), encoded(drawing(1, (40, 32)), "GIF")):
        with pytest.raises(ImageError, match=r"40 x 32 pixels .* limit of 1,279"):
            decode(too_large, max_pixels=40 * 32 - 1)
    with pytest.raises(ImageError, match="pixels"):
        decode(png_of_size(60_000, 60_000))


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="does not exist"):
        decode(tmp_path / "absent.jpg")
    with pytest.raises(ImageError, match="folder"):
        decode(tmp_path)
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(ImageError, match="named pipe"):
        decode(tmp_path / "pipe.jpg")
    (tmp_path / "wrong.gif").write_bytes(encoded(drawing(1), "PNG"))
    np.testing.assert_array_equal(decode(tmp_path / "wrong.gif"), np.asarray(drawing(1)))


def test_threads_decode_the_same() -> None:
    files = [encoded(drawing(number), kind) for number in range(20) for kind in ("JPEG", "PNG")]
    with ThreadPoolExecutor(4) as pool:
        for one, other in zip(map(decode, files), pool.map(decode, files), strict=True):
            np.testing.assert_array_equal(one, other)
