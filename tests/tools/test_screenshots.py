"""Pictures of the documentation."""

from __future__ import annotations

from PIL import Image

from tools.screenshots import GAP, side_by_side


def test_pictures_stand_next_to_each_other() -> None:
    red, blue = Image.new("RGB", (100, 50), "#ff0000"), Image.new("RGB", (30, 20), "#0000ff")
    found = side_by_side([red, blue])
    assert found.size == (100 + 30 + 3 * GAP, 50 + 2 * GAP)
    assert found.getpixel((GAP, GAP)) == (255, 0, 0)
    assert found.getpixel((2 * GAP + 100, GAP)) == (0, 0, 255)
    assert found.getpixel((2 * GAP + 100, GAP + 20)) == found.getpixel((0, 0))
