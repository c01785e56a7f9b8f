"""Pictures over which a kernel head averages."""

from __future__ import annotations

import numpy as np
import pytest

from sketchfit.config.load import load_recipe
from sketchfit.inference.tta import parse_views
from sketchfit.training.kernel_views import averages_mirrored, head_pictures, view_pictures_of
from sketchfit.transforms.mirroring import NO_MIRRORING, Mirroring
from tests.factories import tiny_recipe

IMAGE = np.arange(2 * 2, dtype=np.uint8).reshape(2, 2, 1)
PAPER = np.zeros(1, np.uint8)


def test_the_mirrored_picture_of_the_entire_image_is_stored_as_the_view_of_that_name():
    entire, mirrored = head_pictures(True)
    assert (entire.name, mirrored.name) == ("", "hflip")
    assert mirrored.make(IMAGE, PAPER, 2)[..., 0].tolist() == [[1, 0], [3, 2]]
    assert [one.name for one in head_pictures(False)] == [""]


def test_the_mirrored_view_needs_no_further_pictures():
    ((first, second),) = view_pictures_of(parse_views(["hflip"])[1], True)
    assert (first.name, second.name) == ("hflip", "")
    assert second.make(IMAGE, PAPER, 2).tolist() == IMAGE.tolist()


def test_each_picture_of_a_view_has_a_name():
    names = [one.name for pair in view_pictures_of(parse_views(["five-crop0.8"])[1], True) for one in pair]
    assert len(set(names)) == 10
    assert names[:2] == ["five-crop0.8/0", "five-crop0.8/0, mirrored"]


@pytest.mark.parametrize(
    ("setting", "epochs", "mirroring", "expected"),
    [
        ("auto", 0, NO_MIRRORING, True),
        ("auto", 2, NO_MIRRORING, False),
        ("always", 2, NO_MIRRORING, True),
        ("never", 0, NO_MIRRORING, False),
        ("always", 0, Mirroring({1: frozenset({"hflip"})}), False),
        ("always", 0, Mirroring({}, {"hflip": np.array([1, 0])}), False),
        ("always", 0, Mirroring({1: frozenset({"vflip"})}), True),
    ],
)
def test_classes_with_a_direction_are_not_averaged(setting, epochs, mirroring, expected):
    kernel = {"use": "replace", "mirrored": setting}
    recipe = load_recipe(tiny_recipe({"training": {"epochs": epochs, "kernel": kernel}}))
    assert averages_mirrored(recipe, mirroring) == expected
