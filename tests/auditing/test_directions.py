from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.auditing.directions import TURNS, Direction, find_directions

PAPER = np.array([255], np.uint8)


def arrow(rng, angle):
    """An arrow of random length, place and pen, in about this direction (degrees, counter-clockwise)."""
    image = np.full((96, 96), 255, np.uint8)
    middle, half = 48 + rng.uniform(-8, 8, 2), rng.uniform(15, 30)

    def at(degrees, length, start):
        turned = np.deg2rad(degrees)
        return start + length * np.array([np.cos(turned), -np.sin(turned)])

    angle = angle + rng.uniform(-15, 15)
    tail, head = at(angle, -half, middle), at(angle, half, middle)
    sides = [at(angle + side * (180 - rng.uniform(20, 45)), rng.uniform(10, 20), head) for side in (1, -1)]
    pen = int(rng.integers(1, 4))
    for end in (tail, *sides):
        cv2.line(image, tuple(head.astype(int).tolist()), tuple(end.astype(int).tolist()), (0.0,), pen)
    return image[:, :, None]


def drawings(angles, per_class=16, seed=0):
    rng = np.random.default_rng(seed)
    images = [arrow(rng, angle) for angle in angles for _ in range(per_class)]
    return images, np.repeat(np.arange(len(angles)), per_class)


def found(images, label, turns=tuple(TURNS), group=None):
    return find_directions(lambda row: (images[row], PAPER), label, group, turns)


def pairs(directions: list[Direction]):
    return {(one.turn, one.source, one.target) for one in directions}


def test_arrows_to_the_left_and_right_become_each_other():
    directions = found(*drawings([0, 180]))
    assert pairs(directions) >= {("hflip", 0, 1), ("hflip", 1, 0)}
    assert not any(one.turn == "vflip" for one in directions)
    for one in directions:
        assert one.turned_target > 0.9 > 0.1 > one.turned_source
        assert one.as_they_are > 0.8
        assert one.rows == 16


def test_each_turn_changes_the_arrows_that_it_changes():
    directions = pairs(found(*drawings([0, 90, 180, 270])))
    assert {one for one in directions if one[0] == "hflip"} == {("hflip", 0, 2), ("hflip", 2, 0)}
    assert {one for one in directions if one[0] == "vflip"} == {("vflip", 1, 3), ("vflip", 3, 1)}
    assert {one[1] for one in directions if one[0] == "quarter_turn"} == {0, 1, 2, 3}


@pytest.mark.parametrize("seed", range(3))
def test_labels_by_chance_have_no_direction(seed):
    images, label = drawings([0, 180], seed=seed)
    assert found(images, np.random.default_rng(seed).permutation(label)) == []


def test_symmetric_classes_have_no_direction():
    images, _ = drawings([0, 180], per_class=30)
    thick = np.tile([0, 1], 30)  # arrows in both directions in both classes, with other pens
    pens = [np.ones((1, 1)), np.ones((5, 5))]
    images = [cv2.erode(image, pens[one])[:, :, None] for image, one in zip(images, thick, strict=True)]
    assert found(images, thick, ("hflip",)) == []


def test_rows_without_an_image_and_too_few_rows():
    images, label = drawings([0, 180])
    hidden = label.copy()
    hidden[::2] = -1
    assert all(one.rows == 8 for one in found(images, hidden))
    assert found(images, np.full(32, -1)) == []
    assert found(images[:3], np.array([0, 1, 0])) == []


def test_rows_of_one_group_are_not_compared():
    images, label = drawings([0, 180])
    assert found(images, label, group=np.zeros(len(label), np.int64)) == []


def test_mirrored_copies_count_as_one_drawing():
    """Each drawing is in the set with its mirror image under the same label: nothing depends on direction."""
    images, label = drawings([0, 180])
    images += [image[:, ::-1] for image in images]
    group = np.tile(np.arange(32), 2)
    assert found(images, np.tile(label, 2), ("hflip",), group) == []


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 255), st.integers(1, 3), st.integers(0, 3))
def test_any_image_is_described(value, channels, kind):
    size = (8, 21, 40, 96)[kind]
    image = np.full((size, size, channels), value, np.uint8)
    images = [image, image[:1, :1], np.full((1, 1, channels), 3, np.uint8)] * 8
    assert (
        find_directions(lambda row: (images[row], np.full(channels, 255, np.uint8)), np.arange(24) % 2, None, TURNS)
        == []
    )
