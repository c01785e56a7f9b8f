"""Heat maps as pictures."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from sketchfit.loaded.explanation import SHOWN, ImageExplanation


def explanation(channels: int = 1) -> ImageExplanation:
    """White paper; the left half speaks for the class, the right half a little against it."""
    heat = np.array([[0.4, -0.1], [0.4, -0.1]], np.float32)
    return ImageExplanation("0", "cat", 0.5, heat, np.full((16, 16, channels), 255, np.uint8))


def test_support_is_red_and_opposition_blue() -> None:
    for channels in (1, 3):
        pixels = np.asarray(explanation(channels).overlay(64)).astype(int)
        assert pixels.shape == (64, 64, 3)
        red, _, blue = pixels[32, 2]
        assert red > blue + 50
        red, _, blue = pixels[32, 61]
        assert blue > red + 20


def test_without_heat_the_picture_is_unchanged() -> None:
    plain = explanation()
    none = ImageExplanation("0", "cat", 0.5, np.zeros((2, 2), np.float32), plain.picture)
    assert (np.asarray(none.overlay(32)) == 255).all()


def test_a_notebook_shows_a_png() -> None:
    assert Image.open(io.BytesIO(explanation()._repr_png_())).size == (SHOWN, SHOWN)
    assert "cat 50.0 %" in repr(explanation())
