from __future__ import annotations

import numpy as np
import pytest

from sketchfit.config.transforms import TransformsSection
from sketchfit.errors import UserError
from sketchfit.transforms.augment import augment_for
from sketchfit.transforms.mirroring import NO_MIRRORING, Mirroring
from sketchfit.transforms.rng import sample_rng

LABELS = ("left", "right", "up")
BOTH = {"hflip": {"left": "right", "right": "left"}}


def section(**settings):
    return TransformsSection.model_validate(settings)


def test_what_a_mode_means_for_each_class():
    assert Mirroring.of(section(mirror="keep", directions=BOTH), LABELS) == NO_MIRRORING
    assert Mirroring.of(section(mirror="auto"), LABELS) == NO_MIRRORING
    never = Mirroring.of(section(mirror="never"), LABELS)
    assert set(never.left_out) == {0, 1, 2}
    assert never.left_out[2] == {"hflip", "vflip", "quarter_turn"}
    assert Mirroring.of(section(directions=BOTH), LABELS).left_out == {0: {"hflip"}, 1: {"hflip"}}


def test_swapped_are_only_classes_that_become_each_other():
    directions = {**BOTH, "vflip": {"up": "left"}, "quarter_turn": {"left": "up", "up": "left"}}
    found = Mirroring.of(section(mirror="swap", directions=directions), LABELS)
    assert found.becomes.keys() == {"hflip"}
    assert found.becomes["hflip"].tolist() == [1, 0, 2]
    assert found.left_out == {0: {"quarter_turn"}, 2: {"vflip", "quarter_turn"}}


def test_unknown_classes_are_named():
    with pytest.raises(UserError, match="'rihgt'") as caught:
        Mirroring.of(section(directions={"hflip": {"left": "rihgt"}}), LABELS)
    assert "right" in caught.value.problems[0]


def test_an_operation_that_is_left_out_changes_nothing_else():
    settings = section(policy=[{"op": "hflip", "p": 0.5}, {"op": "rotate"}, {"op": "crop"}])
    plain = augment_for(settings, 24, 0, 1)
    without = plain.without(frozenset({"hflip"}))
    only_others = augment_for(section(policy=[{"op": "hflip", "p": 0.0}, {"op": "rotate"}, {"op": "crop"}]), 24, 0, 1)
    image, paper = np.random.default_rng(0).integers(0, 256, (30, 30, 1), np.uint8), np.array([255], np.uint8)
    flipped = 0
    for row in range(30):
        flipped += "hflip" in plain.applied(sample_rng(0, 0, row))
        assert "hflip" not in without.applied(sample_rng(0, 0, row))
        one, other = without(image, paper, sample_rng(0, 0, row)), only_others(image, paper, sample_rng(0, 0, row))
        assert np.array_equal(one, other)
    assert 5 < flipped < 25


@pytest.mark.parametrize(
    ("operations", "before"),
    [
        ([], [0, 1, 2, 3]),
        (["rotate", "crop"], [0, 1, 2, 3]),
        (["hflip"], [1, 0, 2, 3]),
        (["hflip", "vflip"], [1, 2, 0, 3]),
        (["vflip", "rotate", "hflip"], [2, 0, 1, 3]),
        (["hflip", "vflip", "vflip", "hflip"], [0, 1, 2, 3]),
    ],
)
def test_the_classes_that_turned_drawings_had_before(operations: list[str], before: list[int]) -> None:
    becomes = {"hflip": np.array([1, 0, 2, 3]), "vflip": np.array([0, 2, 1, 3])}
    found = Mirroring(becomes=becomes).classes_before(operations, 4)
    assert found.tolist() == before
    for label in range(4):  # step by step
        after = label
        for name in operations:
            after = int(becomes[name][after]) if name in becomes else after
        assert found[after] == label
