from __future__ import annotations

import numpy as np
import pytest

from sketchfit.reporting.run.robustness import CHANGES, MIRRORED, UNCHANGED, compare_changes

PAPER = np.array([255], np.uint8)


def _drawing() -> np.ndarray:
    image = np.full((64, 64, 1), 255, np.uint8)
    image[10:40, 20:24] = 0
    image[36:40, 20:50] = 0
    return image


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("channels", [1, 3])
def test_changes_keep_shape_and_paper(name: str, channels: int) -> None:
    image = np.repeat(_drawing(), channels, axis=2)
    changed = CHANGES[name](image, np.full(channels, 255, np.uint8))
    assert changed.shape == image.shape
    assert changed.dtype == np.uint8
    assert (changed[0, 0] == (0 if name == "inverted" else 255)).all()
    assert (changed != image).any()


def test_thick_lines_have_more_ink_also_on_dark_paper() -> None:
    image = _drawing()
    for one, paper in ((image, PAPER), (255 - image, 255 - PAPER)):
        ink = lambda picture, paper=paper: int((picture != paper).sum())  # noqa: E731
        assert ink(CHANGES["thickened"](one, paper)) > ink(one) > ink(CHANGES["thinned"](one, paper))


def test_half_a_turn_is_both_flips() -> None:
    image = _drawing()
    flipped = CHANGES["flipped top to bottom"](CHANGES["flipped left to right"](image, PAPER), PAPER)
    assert (CHANGES["turned by 180°"](image, PAPER) == flipped).all()


def test_changes_are_compared_on_the_same_rows() -> None:
    label = np.zeros(100, np.int64)
    base = np.array([0] * 80 + [1] * 20)
    worse = base.copy()
    worse[:10] = 1
    found = compare_changes({UNCHANGED: base, "x": worse}, label, None)
    assert found.unchanged.value == 0.8
    accuracy, change = found.changes["x"]
    assert accuracy.value == pytest.approx(0.7)
    assert change.value == pytest.approx(-0.1)
    assert change.high < 0
    assert found.directions == []


def test_classes_that_a_flip_changes_are_found() -> None:
    label = np.repeat([0, 1, 2], 20)
    flipped = np.repeat([1, 0, 2], 20)
    found = compare_changes({UNCHANGED: label, MIRRORED: flipped}, label, None)
    assert {(one.source, one.target) for one in found.directions} == {(0, 1), (1, 0)}
    assert all((one.as_they_are, one.turned_source, one.turned_target) == (1, 0, 1) for one in found.directions)
