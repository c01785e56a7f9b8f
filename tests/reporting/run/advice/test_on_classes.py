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
        (ConfusedClasses("a", "b", 25, 1000), True),  # 25 of 200 errors
        (ConfusedClasses("a", "b", 19, 1000), False),
        (ConfusedClasses("a", "b", 6, 20), True),  # 30 % of the drawings of the two classes
        (ConfusedClasses("a", "b", 4, 5), False),  # too few
    ],
)
def test_pairs_with_many_errors(pair: ConfusedClasses, mentioned: bool) -> None:
    assert bool(confused_classes(fine(pairs=(pair,)), recipe("transforms.policy=none"))) is mentioned


def test_classes_that_are_hardly_distinguished_may_be_mirror_images() -> None:
    found, flips = fine(pairs=(LEFT,)), recipe("transforms.policy=flips")
    setting = "<code>transforms.mirror=never</code>"
    assert setting in confused_classes(found, flips)[0].action
    for own in ("transforms.policy=none", "transforms.mirror=never"):
        assert setting not in confused_classes(found, recipe(own))[0].action
    assert setting not in confused_classes(replace(found, turned=(LEFT,)), flips)[0].action
    assert setting not in confused_classes(fine(pairs=(replace(LEFT, errors=39),)), flips)[0].action


def test_two_classes_have_only_one_pair() -> None:
    assert confused_classes(fine(pairs=(LEFT,), class_count=2), recipe()) == []


def test_a_gain_of_class_weights_only_where_small_classes_are_weak() -> None:
    found = fine(smallest_class=5, largest_class=60)
    assert few_drawings(found, recipe())[0].gain is None
    (advice,) = few_drawings(replace(found, sizes=(WEAK,)), recipe())
    assert advice.gain is not None
    assert advice.gain.value == pytest.approx(0.09 * 0.4)
    assert few_drawings(fine(sizes=(WEAK,)), recipe()) == []
