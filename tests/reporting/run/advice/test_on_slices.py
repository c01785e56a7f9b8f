from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sketchfit.config.load import load_recipe
from sketchfit.inference.intervals import Difference
from sketchfit.reporting.run.advice.findings import ConfusedClasses, InvertedDrawings
from sketchfit.reporting.run.advice.give import give_advice
from sketchfit.reporting.run.advice.on_slices import MOST, added_operations, gain_of_slice, sensitive, weak_slices
from sketchfit.reporting.run.compare_slices import compare_slices, trait_masks
from tests.reporting.run.advice.findings import WEAK, fine, recipe

WORSE = Difference(-0.3, -0.35, -0.25, 0.001, 300)
TRAITS = ("line width over size", "colour", "objects", "orientation", "longer side in pixels", "contrast", "anything")


@pytest.mark.parametrize("trait", TRAITS)
def test_every_setting_of_a_slice_can_be_loaded(trait: str) -> None:
    (advice,) = weak_slices(fine(slices=(replace(WEAK, trait=trait),)), recipe("transforms.policy=light"))
    assert trait in advice.title
    assert bool(advice.settings) is (trait != "anything")
    load_recipe("cpu", advice.settings)


def test_slices_with_the_same_remedy_are_one_recommendation() -> None:
    ink = replace(WEAK, trait="share of ink", name="0.1 to 0.2")
    width = replace(WEAK, trait="line width over size", name="0.001 to 0.002")
    slices = (ink, width, replace(ink, name="0.2 to 0.3"))
    (advice,) = weak_slices(fine(slices=slices), recipe("transforms.policy=light"))
    assert "share of ink" in advice.title
    assert "line width over size" in advice.evidence
    assert "0.2 to 0.3" not in advice.evidence  # the worst of each trait
    assert "40.0 points fewer" in advice.evidence


PARTS = [
    ("relative_width", 0, True),
    ("relative_width", 1, False),
    ("relative_width", 3, True),
    ("ink", 0, True),
    ("ink", 2, False),
    ("ink", 3, True),
    ("contrast", 0, True),
    ("contrast", 2, False),
    ("contrast", 3, False),
    ("sharpness", 0, True),
    ("sharpness", 1, False),
    ("sharpness", 3, False),
    ("jpeg_quality", 0, True),
    ("jpeg_quality", 3, False),
    ("box_share", 0, True),
    ("box_share", 3, False),
    ("width", 0, False),
    ("width", 2, False),
    ("width", 3, True),
]


@pytest.mark.parametrize(("column", "quarter", "helps"), PARTS)
def test_a_remedy_is_recommended_only_for_the_part_that_it_changes(column: str, quarter: int, helps: bool) -> None:
    """Blur does not help the sharpest drawings, and a larger input does not help the smallest ones."""
    rng = np.random.default_rng(quarter)
    values = rng.uniform(10, 1000, 2000)
    place = np.searchsorted(np.quantile(values, [0.25, 0.5, 0.75]), values)
    correct = rng.random(2000) < np.where(place == quarter, 0.3, 0.9)
    traits = pd.DataFrame({column: values} | ({"height": values} if column == "width" else {}))
    slices = compare_slices(trait_masks(traits), correct, None)
    (advice,) = weak_slices(fine(slices=slices), recipe("transforms.policy=none"))
    assert bool(advice.settings) is helps
    assert ("look at these drawings" in advice.action) is not helps


@pytest.mark.parametrize(("shape", "helps"), [("portrait", True), ("square", False), ("landscape", True)])
def test_square_drawings_fit_into_a_square_already(shape: str, helps: bool) -> None:
    rng = np.random.default_rng(0)
    aspect = rng.choice([0.5, 1.0, 2.0], 2000)
    weak = aspect == {"portrait": 0.5, "square": 1.0, "landscape": 2.0}[shape]
    correct = rng.random(2000) < np.where(weak, 0.3, 0.9)
    traits = pd.DataFrame({"width": 100 * aspect, "height": np.full(2000, 100.0)})
    slices = [one for one in compare_slices(trait_masks(traits), correct, None) if one.trait == "orientation"]
    (advice,) = weak_slices(fine(slices=slices), recipe())
    assert bool(advice.settings) is helps


def test_slices_with_different_remedies_are_all_recommended() -> None:
    traits = ("colour", "contrast", "share of the page that is drawn on", "sharpness")
    found = fine(slices=tuple(replace(WEAK, trait=trait) for trait in traits))
    given = [one for one in give_advice(found, recipe("transforms.policy=none")) if one.anchor == "slices"]
    assert len(given) == MOST == 3
    assert len({one.name for one in given}) == len({one.settings for one in given}) == 3
    assert any(one.name == "slices" for one in given)


def test_what_training_does_already_is_not_recommended() -> None:
    (advice,) = weak_slices(fine(slices=(replace(WEAK, trait="share of ink"),)), recipe("transforms.policy=sketch"))
    assert (advice.settings, advice.tool) == ((), "")
    assert "thicken" not in advice.action


def test_the_gain_of_a_slice_is_its_share_times_the_difference_with_the_interval_of_the_test() -> None:
    rng = np.random.default_rng(0)
    mask = np.arange(1000) < 200
    correct = rng.random(1000) < np.where(mask, 0.5, 0.8)
    (one,) = compare_slices([("colour", "grey", mask)], correct, None)
    gain = gain_of_slice(one, 1000)
    inside, outside = correct[mask], correct[~mask]
    error = np.sqrt(inside.var() / 200 + outside.var() / 800)
    assert gain.value == pytest.approx(0.2 * (outside.mean() - inside.mean()))
    assert (gain.high - gain.low) / 2 == pytest.approx(0.2 * 1.96 * error, rel=0.01)
    assert gain.most


def test_a_p_value_of_zero_has_a_gain() -> None:
    assert gain_of_slice(replace(WEAK, p_value=0.0), 1000).value == pytest.approx(0.036)


def test_changes_of_the_input_are_one_recommendation_without_a_claimed_gain() -> None:
    found = fine(changes={"inverted": WORSE, "turned by 180°": WORSE, "thickened": replace(WORSE, value=-0.12)})
    (advice,) = sensitive(found, recipe("transforms.policy=light"))
    assert advice.gain is None
    assert "30.0 points lower" in advice.evidence
    assert "12.0 points lower" in advice.evidence
    assert "180" not in advice.evidence
    (setting,) = advice.settings
    assert [one["op"] for one in json.loads(setting.partition("=")[2])] == ["invert", "thicken"]
    load_recipe("cpu", ["transforms.policy=light", setting])


def test_inverted_drawings_are_counted_where_the_audit_knows_them() -> None:
    counts = {"train": InvertedDrawings(3, 220), "test": InvertedDrawings(2, 60)}
    found, own = fine(changes={"inverted": WORSE}), recipe("transforms.policy=light")
    assert "not known" in sensitive(found, own)[0].unknown
    unknown = sensitive(replace(found, inverted=counts), own)[0].unknown
    assert "3 of 220 training drawings and 2 of 60 test drawings" in unknown
    assert "1.0 points" in unknown  # 2 of 60 times 30 points
    assert sensitive(replace(found, inverted=counts | {"test": InvertedDrawings(0, 60)}), own) == []


@pytest.mark.parametrize("change", [replace(WORSE, value=-0.09), replace(WORSE, high=0.01)])
def test_small_and_uncertain_changes_are_left_out(change: Difference) -> None:
    assert sensitive(fine(changes={"inverted": change}), recipe()) == []


def test_flips_are_not_recommended_for_classes_with_a_direction() -> None:
    found = fine(changes={"flipped left to right": WORSE})
    assert len(sensitive(found, recipe("transforms.policy=none"))) == 1
    assert sensitive(found, recipe("transforms.policy=flips")) == []  # training flips already
    turned = (ConfusedClasses("left", "right", 0, 10),)
    assert sensitive(replace(found, turned=turned), recipe("transforms.policy=none")) == []


def test_operations_are_added_to_those_that_are_there() -> None:
    own = recipe("transforms.policy=light", "transforms.add=[{op: fade, p: 0.1}]")
    (setting,) = added_operations(own, [{"op": "fade", "p": 0.3}, {"op": "invert", "p": 0.2}])
    assert [one["op"] for one in json.loads(setting.partition("=")[2])] == ["fade", "invert"]
    # `sketch` chooses among operations, and `thin` is one of them.
    assert added_operations(recipe("transforms.policy=sketch"), [{"op": "thin"}]) == ()


def test_a_policy_file_that_is_gone_does_not_stop_the_report(tmp_path: object) -> None:
    own = recipe().model_copy(deep=True)
    moved = own.model_copy(update={"transforms": own.transforms.model_copy(update={"policy": f"{tmp_path}/gone.yaml"})})
    assert len(added_operations(moved, [{"op": "invert", "p": 0.2}])) == 1
