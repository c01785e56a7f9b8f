from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from sketchfit.reporting.kit.thumbnails import from_jpeg, thumbnail, thumbnails, tiled, webp


def _write(path: Path, image: np.ndarray) -> Path:
    cv2.imwrite(str(path), image)
    return path


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_thumbnails_are_squares_of_the_drawing(tmp_path: Path, ending: str) -> None:
    image = np.full((100, 200), 255, np.uint8)
    image[:, :100] = 0
    small = thumbnail(_write(tmp_path / f"a.{ending}", image), 40)
    assert small.shape == (40, 40, 1)
    assert small[20, 5, 0] < 30
    assert small[20, 35, 0] > 225


def test_unreadable_files_have_a_crossed_thumbnail(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"broken")
    small, missing = thumbnails([tmp_path / "a.jpg", tmp_path / "none.png"], 40)
    assert (small == missing).all()
    assert len(np.unique(small)) == 2


def test_an_image_with_too_many_pixels_is_not_decoded(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.jpg", np.zeros((50, 50), np.uint8))
    assert thumbnail(path, 40, max_pixels=100).mean() > 200


def test_stored_jpegs_come_back_in_rgb() -> None:
    blue_first = np.zeros((8, 8, 3), np.uint8)
    blue_first[..., 2] = 250
    image = from_jpeg(cv2.imencode(".jpg", blue_first)[1].tobytes())
    assert image[4, 4, 0] > 240
    assert image[4, 4, 2] < 10
    with pytest.raises(ValueError, match="damaged"):
        from_jpeg(b"broken")


def test_tiles_are_in_order_on_white() -> None:
    pictures = [np.full((2, 2, 1), value, np.uint8) for value in (10, 20, 30)]
    sheet = tiled(pictures, 2)
    assert sheet[:, :, 0].tolist() == [[10, 10, 20, 20]] * 2 + [[30, 30, 255, 255]] * 2


def test_one_coloured_tile_makes_the_sheet_coloured() -> None:
    sheet = tiled([np.zeros((2, 2, 1), np.uint8), np.full((2, 2, 3), (9, 8, 7), np.uint8)], 5)
    assert sheet.shape == (2, 4, 3)
    assert sheet[0, 3].tolist() == [9, 8, 7]


def test_webp_files_hold_the_picture() -> None:
    picture = np.zeros((16, 16, 3), np.uint8)
    picture[..., 1] = 200
    back = np.asarray(Image.open(io.BytesIO(webp(picture, 90))).convert("RGB"))
    assert np.abs(back.astype(int) - picture).max() < 12
