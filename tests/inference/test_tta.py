"""Views against slow references."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.errors import UserError
from sketchfit.inference.tta import parse_views, view_pictures
from sketchfit.transforms.resample import resize

NAMES = (
    *("hflip", "vflip", "rot90", "rot180", "rot270", "transpose", "ink", "stretch"),
    *("rotate+8", "rotate-8", "scale0.8", "scale1.2", "crop0.9", "five-crop0.8", "thicken0.03", "thin0.03"),
)
PAPER = np.array([255], dtype=np.uint8)


def drawing(seed: int, size: int = 24, channels: int = 1) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    rng = np.random.default_rng(seed)
    image = np.full((size, size, channels), 255, dtype=np.uint8)
    image[6:18, 5:20] = rng.integers(0, 256, (12, 15, channels))
    return image


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [16, 24, 32])
def test_every_view_has_the_asked_shape_and_repeats(channels: int, size: int) -> None:
    image, views = drawing(0, channels=channels), parse_views(NAMES)
    paper = np.full(channels, 255, dtype=np.uint8)
    found = view_pictures(image, paper, views, size)
    assert found.shape == (len(NAMES) + 1 + 4, size, size, channels)  # five-crop is five pictures
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, view_pictures(image, paper, views, size))
    np.testing.assert_array_equal(found[0], resize(image, size))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_turns_move_pixels_to_their_place(seed: int) -> None:
    image = drawing(seed)
    turned = view_pictures(image, PAPER, parse_views(["hflip", "vflip", "rot90", "rot180", "transpose"]), 24)[1:]
    for y in range(24):
        for x in (0, 7, 19, 23):
            expected = image[y, 23 - x], image[23 - y, x], image[x, 23 - y], image[23 - y, 23 - x], image[x, y]
            assert [int(one[y, x, 0]) for one in turned] == [int(one[0]) for one in expected]


def test_crops_stand_in_the_middle_and_the_corners() -> None:
    image = drawing(1, 20)
    found = view_pictures(image, PAPER, parse_views(["five-crop0.8"]), 16)[1:]
    for one, (top, left) in zip(found, [(2, 2), (0, 0), (0, 4), (4, 0), (4, 4)], strict=True):
        np.testing.assert_array_equal(one, image[top : top + 16, left : left + 16])


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0)])
def test_strokes_grow_and_shrink_whatever_the_paper(ink: int, paper: int) -> None:
    image = np.full((40, 40, 1), paper, dtype=np.uint8)
    image[10:30, 18:23] = ink  # five pixels wide
    views = parse_views(["thicken0.05", "thin0.05", "thicken0.0625"])
    _, thick, thin, between = view_pictures(image, np.array([paper], dtype=np.uint8), views, 40)
    assert [int((one[20] == ink).sum()) for one in (thick, thin)] == [7, 3]  # a disc of three
    assert (between[20] == ink).sum() == 7
    assert ((between[20] != ink) & (between[20] != paper)).any()


@pytest.mark.parametrize(
    "name", ["flip", "rotate", "rotate8deg", "crop1.5", "five-crop0", "scale9", "thin0.5", "hflip+vflip", ""]
)
def test_what_is_no_view_is_refused(name: str) -> None:
    with pytest.raises(UserError, match=r"inference\.views"):
        parse_views([name])


def test_names_come_once_with_the_identity_first() -> None:
    assert [view.name for view in parse_views(["vflip", "identity", "vflip"])] == ["identity", "vflip"]
