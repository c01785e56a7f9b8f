from __future__ import annotations

from dataclasses import replace

import pytest

from sketchfit.inference.intervals import wilson
from sketchfit.reporting.run.advice.findings import ConfusedClasses
from sketchfit.reporting.run.advice.on_classes import confused_classes, few_drawings, mirrored_classes
from tests.reporting.run.advice.findings import WEAK, fine, recipe

LEFT = ConfusedClasses("left", "right", 40, 100)


def test_classes_that_a_flip_changes_are_an_objection_where_training_flips_them() -> None:
    found = fine(turned=(LEFT,))
    assert mirrored_classes(found, recipe()) == []
    (advice,) = mirrored_classes(found, recipe("transforms.mirror=keep"))
    assert advice.settings == ("transforms.mirror=auto",)
    assert "left → right" in advice.evidence
    assert advice.gain is not None
    expected = wilson(40, 1000)
    assert (advice.gain.value, advice.gain.low, advice.gain.high) == (0.04, expected.low, expected.high)


def test_names_are_text_and_are_cut_off() -> None:
    found = fine(turned=(ConfusedClasses("<b>`left`", "r" * 200, 0, 100),))
    (advice,) = mirrored_classes(found, recipe("transforms.mirror=keep"))
    assert "&lt;b&gt;" in advice.evidence
    assert "<b>" not in advice.evidence
    assert "r" * 41 not in advice.evidence
    assert advice.gain is None


@pytest.mark.parametrize(
    ("pair", "mentioned"),
    [
        (ConfusedClasses("a", "b", 20, 1000), True),  # 20 of 200 errors
        (ConfusedClasses("a", "b", 19, 1000), False),  # less than 10 % of them
    ],
)
def test_pairs_with_many_errors(pair: ConfusedClasses, mentioned: bool) -> None:
    assert bool(confused_classes(fine(pairs=(pair,)), recipe())) is mentioned


def test_pairs_that_chance_explains_are_left_out() -> None:
    pairs = (ConfusedClasses("a", "b", 20, 100), ConfusedClasses("c", "d", 6, 100), ConfusedClasses("e", "f", 6, 10))
    (advice,) = confused_classes(fine(pairs=pairs), recipe())  # 190 pairs: 6 of 200 errors are probable for one
    assert "20 of 200 errors" in advice.evidence
    assert advice.title.startswith("One pair")


def test_pairs_with_as_many_errors_as_the_last_one_are_not_left_out() -> None:
    pairs = tuple(ConfusedClasses(f"a{place}", f"b{place}", 12, 100) for place in range(6))
    (advice,) = confused_classes(fine(pairs=(*pairs, replace(pairs[0], errors=11))), recipe())
    assert advice.title == "6 pairs of classes make 36 % of the errors."
    assert advice.gain is not None
    assert advice.gain.value == pytest.approx(0.072)


def test_labels_are_corrected_only_where_some_are_reported() -> None:
    found = fine(pairs=(LEFT,))
    assert "labels" not in confused_classes(found, recipe())[0].action
    for reported in ({"doubtful": 1}, {"copies": 2}):
        assert "mixed labels" in confused_classes(replace(found, **reported), recipe())[0].action


def test_two_classes_have_only_one_pair() -> None:
    assert confused_classes(fine(pairs=(LEFT,), class_count=2), recipe()) == []


def test_a_gain_of_class_weights_only_where_small_classes_are_weak() -> None:
    found = fine(smallest_class=5, largest_class=60)
    assert few_drawings(found, recipe())[0].gain is None
    (advice,) = few_drawings(replace(found, sizes=(WEAK,)), recipe())
    assert advice.gain is not None
    assert advice.gain.value == pytest.approx(0.09 * 0.4)
    assert few_drawings(fine(sizes=(WEAK,)), recipe()) == []


def test_copies_of_one_drawing_are_no_pair_beyond_chance() -> None:
    pair = ConfusedClasses("a", "b", 20, 100)
    assert confused_classes(fine(pairs=(pair,)), recipe())
    assert confused_classes(fine(pairs=(replace(pair, units=1),), wrong=181), recipe()) == []
    assert confused_classes(fine(pairs=(replace(pair, units=18),), wrong=181), recipe())


def test_two_large_classes_are_confused_often_by_chance() -> None:
    pair = ConfusedClasses("a", "b", 20, 100, units=20, chance=0.1)
    assert confused_classes(fine(pairs=(pair,), wrong=200), recipe()) == []


def test_weights_of_classes_only_where_small_classes_are_weak() -> None:
    found = fine(smallest_class=1, largest_class=60)
    (advice,) = few_drawings(found, recipe())
    assert (advice.settings, advice.tool) == ((), "")
    assert "weight" not in advice.action
    assert "has 1 drawing," in advice.evidence
    (advice,) = few_drawings(replace(found, sizes=(WEAK,)), recipe())
    assert (advice.settings, advice.tool) == (("loss.class_weights=effective",), "run")
    assert few_drawings(found, recipe("loss.class_weights=balanced")) == []
