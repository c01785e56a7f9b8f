from __future__ import annotations

import numpy as np
import pytest

from sketchfit.relations.key import nested_in_class
from sketchfit.relations.ranking import rank_keys
from sketchfit.relations.space import compare_rows
from tests.relations.simulated import features, key, rows


def test_verdicts() -> None:
    """Objects are related; their views are parts; pairs of objects are related only because of the objects."""
    label, inner, group = rows(12, 6, 6)
    view = np.arange(len(label)) // 3
    table = features(1, label, [(group, 0.8), (view, 0.8)])
    keys = [
        key("pair of objects", group // 2),
        key("object", group),
        key("view", view),
        key("number", inner),
        key("nothing", np.random.default_rng(0).integers(0, 20, len(label))),
    ]
    ranked = rank_keys(keys, compare_rows(table, label))
    found = {one.key.name: (one.verdict, one.other) for one in ranked}
    assert found == {
        "object": ("related", ""),
        "view": ("part", "object"),
        "pair of objects": ("explained", found["pair of objects"][1]),
        "number": ("unrelated", ""),
        "nothing": ("unrelated", ""),
    }
    assert ranked[0].key.name == "object"


def test_a_drawer_contains_its_drawings_of_each_class() -> None:
    label, drawer, _ = rows(15, 6, 4)
    crossed = key("drawer", drawer)
    space = compare_rows(features(2, label, [(drawer, 0.6)]), label)
    ranked = rank_keys([nested_in_class(crossed, label), crossed], space)
    assert [(one.key.name, one.verdict, one.other) for one in ranked] == [
        ("drawer", "related", ""),
        ("class/drawer", "part", "drawer"),
    ]


def test_no_keys() -> None:
    label, _, _ = rows(3, 2, 2)
    assert rank_keys([], compare_rows(features(0, label), label)) == ()


@pytest.mark.parametrize("seed", range(5))
def test_numbers_that_restart_in_each_class_are_no_trait(seed: int) -> None:
    """Photos 1 to 3 of each class have nothing in common with those of other classes."""
    label, inner, photo = rows(8, 3, 6)
    number = key("number", inner)
    space = compare_rows(features(seed, label, [(photo, 1.0)]), label)
    ranked = rank_keys([nested_in_class(number, label)], space, traits=[number])
    assert [one.verdict for one in ranked] == ["related"]


def test_sides_within_classes_are_explained_by_the_side() -> None:
    label, side, _ = rows(6, 2, 12)
    trait = key("side", side)
    space = compare_rows(features(3, label, [(side, 0.7)]), label)
    ranked = rank_keys([nested_in_class(trait, label)], space, traits=[trait])
    assert [(one.verdict, one.other) for one in ranked] == [("explained", "side")]
