from __future__ import annotations

from dataclasses import replace

import pytest

from sketchfit.config.load import load_recipe, setting_names
from sketchfit.inference.intervals import Difference, Estimate
from sketchfit.reporting.run.advice import Findings, next_steps
from sketchfit.reporting.run.slices import Slice

FINE = Findings(
    accuracy=0.8,
    train_accuracy=0.85,
    before_last_valid=0.8,
    last_valid=0.8,
    ece=0.02,
    temperature=1.0,
    slices=(),
    changes={},
    doubtful=0,
    labels=1000,
    smallest_class=30,
    largest_class=30,
)
WEAK = Slice("inverted", "light on dark", Estimate(0.4, 0.3, 0.5, 90), -0.4, 1e-6, 1e-5)
WORSE = Difference(-0.3, -0.35, -0.25, 0.001, 300)


def test_nothing_is_said_where_nothing_is_wrong() -> None:
    assert next_steps(FINE, {}) == []


@pytest.mark.parametrize(
    ("changed", "title"),
    [
        ({"last_valid": 0.85}, "still improves"),
        ({"train_accuracy": 0.6, "accuracy": 0.6}, "underfit"),
        ({"train_accuracy": 0.99}, "overfit"),
        ({"slices": (WEAK,)}, "Weak slice: inverted"),
        ({"changes": {"thinned": WORSE}}, "Brittle: thinned"),
        ({"doubtful": 40}, "doubtful labels"),
        ({"ece": 0.1, "temperature": 1.8}, "too sure"),
        ({"ece": 0.1, "temperature": 0.5}, "too modest"),
        ({"smallest_class": 5, "largest_class": 60}, "differ much in size"),
    ],
)
def test_each_rule_speaks_and_names_a_setting_that_exists(changed: dict[str, object], title: str) -> None:
    steps = next_steps(replace(FINE, **changed), {})
    assert len(steps) == 1
    assert title in steps[0].title
    assert steps[0].rule
    key, equals, _ = steps[0].setting.partition("=")
    assert key in set(setting_names())
    if equals:
        load_recipe("cpu", [steps[0].setting])


def test_every_slice_has_a_setting_that_exists() -> None:
    for trait in ("line width over size", "colour", "objects", "orientation", "sharpness", "anything"):
        (step,) = next_steps(replace(FINE, slices=(replace(WEAK, trait=trait),)), {})
        key, equals, _ = step.setting.partition("=")
        assert key in set(setting_names())
        if equals:
            load_recipe("cpu", [step.setting])
