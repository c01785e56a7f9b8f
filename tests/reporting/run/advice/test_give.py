from __future__ import annotations

from dataclasses import replace

import pytest

from sketchfit.config.load import load_recipe
from sketchfit.inference.intervals import Difference, Estimate
from sketchfit.reporting.run.advice.findings import (
    AveragedNetworks,
    Calibratable,
    ConfusedClasses,
    LackingClasses,
    LearningSlope,
    LeftOut,
    NetworkAccuracy,
    TrainingCurve,
)
from sketchfit.reporting.run.advice.give import MOST, give_advice
from tests.reporting.run.advice.findings import WEAK, fine, recipe

WORSE = Difference(-0.3, -0.35, -0.25, 0.001, 300)
CHANGES = {
    "epochs": {"curves": (TrainingCurve(8, 0.9, ((2, 0.6), (4, 0.7), (8, 0.8))),)},
    "light": {"curves": (TrainingCurve(8, 0.8),)},
    "regularised": {"curves": (TrainingCurve(8, 0.97),)},
    "slices": {"slices": (WEAK,)},
    "changes": {"changes": {"inverted": WORSE}},
    "reviewed": {"doubtful": 40},
    "calibrated": {"calibration": Calibratable(0.1, 1.8, Difference(-0.1, -0.12, -0.08, 0.001, 1000))},
    "claim": {"contradiction": "claim 67 %, without labels 58 %"},
    "weights": {"smallest_class": 5, "largest_class": 60},
    "folds": {"lacking": LackingClasses(("a",), 10, 0), "averaged": AveragedNetworks(5, 0.0)},
    "repeats": {"averaged": AveragedNetworks(5, 0.06)},
    "drawings": {"learning": LearningSlope(0.7, 1.0, 0.2)},
    "readable": {"unreadable": 30, "test_rows": 300},
    "pairs": {"pairs": (ConfusedClasses("a", "b", 30, 200),)},
    "time": {"left_out": LeftOut(2, 5, 0.1, 600.0)},
    "uneven": {"folds": (replace(WEAK, trait="fold", name="fold 1"),)},
    "lower-lr": {
        "networks": [
            NetworkAccuracy(f"m/fold{k}", Estimate(value, value - 0.02, value + 0.03, 500))
            for k, value in enumerate((0.05, 0.8))
        ]
    },
}


def test_no_rule_applies_to_a_good_run() -> None:
    assert give_advice(fine(), recipe()) == []


@pytest.mark.parametrize("name", CHANGES)
def test_each_rule_gives_one_recommendation_whose_settings_change_the_recipe(name: str) -> None:
    own = ("transforms.policy=light", "calibration.method=none")
    (advice,) = give_advice(fine(**CHANGES[name]), recipe(*own))
    assert advice.name == name
    assert all((advice.title, advice.evidence, advice.action, advice.rule))
    assert advice.gain or advice.unknown
    if advice.settings:
        assert load_recipe("cpu", [*own, *advice.settings]) != recipe(*own)
    if advice.gain:
        assert 0 <= advice.gain.low <= advice.gain.value <= advice.gain.high <= 1


def test_no_text_has_a_raw_backtick_or_a_signed_change() -> None:
    for changed in CHANGES.values():
        for one in give_advice(fine(**changed), recipe("transforms.mirror=keep")):
            for text in (one.title, one.evidence, one.action, one.rule, one.unknown, one.gain.why if one.gain else ""):
                assert "`" not in text
                assert "−" not in text


def test_what_changes_nothing_is_not_recommended() -> None:
    found = fine(**CHANGES["weights"])
    assert give_advice(found, recipe("loss.class_weights=effective")) == []


def test_the_largest_expected_gain_is_first_and_a_bound_counts_half() -> None:
    networks, epochs = {"averaged": AveragedNetworks(2, 0.04)}, CHANGES["epochs"]
    found = fine(**networks, **epochs, slices=(WEAK,), **CHANGES["weights"], **CHANGES["reviewed"])
    given = give_advice(found, recipe())
    # Epochs: three quarters of a rise of 10 points. Networks: 4 points / 2. Slice: 9 % of the rows, 40 points: a bound
    # of 3.6.
    assert [one.name for one in given] == ["epochs", "repeats", "slices", "weights", "reviewed"]
    assert [round(one.gain.value, 4) for one in given[:3] if one.gain] == [0.075, 0.02, 0.036]


def test_what_makes_the_figures_wrong_is_first() -> None:
    found = fine(**CHANGES["repeats"], **CHANGES["claim"])
    assert [one.name for one in give_advice(found, recipe())] == ["claim", "repeats"]


def test_at_most_seven_without_a_repetition() -> None:
    every = {key: value for changed in CHANGES.values() for key, value in changed.items()}
    given = give_advice(fine(**every), recipe())
    assert len(given) == MOST
    assert len({one.name for one in given}) == MOST
    settings = [one.settings for one in given if one.settings]
    assert len(set(settings)) == len(settings)


def test_a_run_that_learnt_nothing_gets_no_advice_that_is_read_off_noise() -> None:
    found = fine(accuracy=Estimate(0.05, 0.04, 0.07, 1000), slices=(WEAK,), smallest_class=5, largest_class=60)
    assert [one.name for one in give_advice(found, recipe())] == ["learning"]


def test_a_setting_that_contradicts_others_has_no_command() -> None:
    found = fine(**CHANGES["regularised"])
    own = recipe("transforms.policy=sketch", "loss.supcon=0.5", "training.batch_size=64")
    (advice,) = give_advice(found, own)
    assert advice.settings == ()
    assert advice.tool == ""
