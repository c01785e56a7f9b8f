"""JPEG without simplejpeg: the same pixels of complete files; of damaged ones what can be decoded."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sketchfit.data.decoders import formats, jpeg
from sketchfit.data.digests import ContentDigests
from sketchfit.data.images import ImageError, decode_image, is_large
from sketchfit.data.readers import read_table
from sketchfit.data.store_names import store_names
from tests.data.malformed import drawing, encoded
from tests.fresh import run_fresh


def noisy(mode: str, seed: int = 0) -> Image.Image:
    noise = np.random.default_rng(seed).normal(0, 12, (61, 83, 3))
    return Image.fromarray(np.clip(np.asarray(drawing(3, (83, 61))) + noise, 0, 255).astype(np.uint8)).convert(mode)


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg, "simplejpeg", None)
    found = formats.find_spec
    monkeypatch.setattr(formats, "find_spec", lambda name: None if name == "simplejpeg" else found(name))


KINDS = [(mode, kept, steps) for mode in ("RGB", "L") for kept in (0, 1, 2) for steps in (False, True)]


def test_complete_files_have_the_same_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("simplejpeg")
    files = [
        encoded(noisy(mode), "JPEG", quality=80, subsampling=kept, progressive=steps) for mode, kept, steps in KINDS
    ]
    exif = Image.Exif()
    exif[0x0112] = 6
    files += [encoded(noisy("RGB"), "JPEG", exif=exif), encoded(noisy("CMYK"), "JPEG")]
    strict = [decode_image(file) for file in files]
    monkeypatch.setattr(jpeg, "simplejpeg", None)
    for file, expected in zip(files, strict, strict=True):
        found = decode_image(file)
        np.testing.assert_array_equal(found.pixels, expected.pixels)
        assert found.damage == expected.damage == ""


def test_files_that_are_cut_off_have_the_same_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("simplejpeg")
    data = encoded(noisy("RGB"), "JPEG", quality=90)
    parts = [data[:end] for end in range(700, len(data), 397)]
    strict = [decode_image(part).pixels for part in parts]
    monkeypatch.setattr(jpeg, "simplejpeg", None)
    for part, expected in zip(parts, strict, strict=True):
        np.testing.assert_array_equal(decode_image(part).pixels, expected)


@pytest.mark.parametrize("progressive", [False, True])
def test_of_a_file_that_is_cut_off_the_readable_part_is_decoded(progressive: bool, without: None) -> None:
    data = encoded(noisy("RGB"), "JPEG", quality=90, progressive=progressive)
    complete = decode_image(data).pixels
    found = decode_image(data[: len(data) * 2 // 3])
    assert "truncated" in found.damage
    if not progressive:
        np.testing.assert_array_equal(found.pixels[:16], complete[:16])
        assert (found.pixels[-8:] == 255).all()
    assert found.pixels.shape == complete.shape


def test_hardly_anything_of_a_file_is_an_error(without: None) -> None:
    data = encoded(noisy("RGB"), "JPEG", quality=90)
    for end in (2, 100):
        with pytest.raises(ImageError):
            decode_image(data[:end])
    with pytest.raises(ImageError, match="more than the limit"):
        decode_image(data, max_pixels=100)


def test_large_files_are_known_by_their_header(without: None) -> None:
    assert not is_large(encoded(noisy("L"), "JPEG"))
    large = io.BytesIO()
    Image.new("L", (8000, 4800)).save(large, "JPEG")
    assert is_large(large.getvalue())
    assert not is_large(large.getvalue()[:3])


def test_a_store_has_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    content = [ContentDigests.of(encoded(noisy("L"), "JPEG"))]
    usual = store_names(content, {"size": 32})
    monkeypatch.setattr("sketchfit.data.store_names.jpeg_decoders", lambda: ("JPEG by Pillow",))
    assert not set(store_names(content, {"size": 32})) & set(usual)


def test_a_data_set_of_jpegs_has_one_note(tmp_path: Path, without: None) -> None:
    for name in ("a/1.jpg", "a/2.png", "b/1.JPEG", "b/2.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    notes = [note for note in read_table(tmp_path).notes if "simplejpeg" in note]
    assert len(notes) == 1
    assert notes[0].startswith("2 images are JPEG")


def test_a_program_without_simplejpeg_reads_jpegs(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(encoded(noisy("L"), "JPEG"))
    blocked = (
        "import sys; sys.modules['simplejpeg'] = None\nfrom sketchfit.data.images import decode\n"
        "from pathlib import Path\n"
        f"assert decode(Path({str(tmp_path / '1.jpg')!r})).shape == (61, 83)\n"
    )
    (ended,) = run_fresh([["recipes"]], blocked)
    assert ended.status == 0, ended.errors
