from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.config.load import load_recipe
from sketchfit.config.parse import member_recipes
from sketchfit.inference.intervals import Estimate
from sketchfit.reporting.run.advice.findings import TrainingCurve
from sketchfit.reporting.run.advice.give import give_advice
from sketchfit.reporting.run.advice.on_training import gain_of_epochs, overfits, too_few_epochs, underfits
from tests.reporting.run.advice.findings import fine, recipe

RISING = ((2, 0.5), (6, 0.7), (8, 0.75))


def test_the_gain_of_epochs_by_hand() -> None:
    # At epoch 4, half of the way from 2 to 6: 60 %. The rise of the second half is 15 points.
    (advice,) = too_few_epochs(fine(curves=(TrainingCurve(8, 0.8, RISING),)), recipe())
    assert advice.settings == ("training.epochs=16",)
    assert advice.gain is not None
    assert (advice.gain.value, advice.gain.low, advice.gain.high) == pytest.approx(
        (0.1, 0, 0.2)
    )  # three quarters are 0.1125; one fifth are errors


def test_each_member_gets_twice_its_own_epochs() -> None:
    members = "members={short: {training: {epochs: 4}}, long: {training: {epochs: 40}}}"
    own = recipe("training.epochs=8", members)
    curves = tuple(TrainingCurve(epochs, 0.9, ((0, 0.4), (epochs, 0.7))) for epochs in (4, 40))
    (advice,) = give_advice(fine(curves=curves), own)
    assert "8 and 80" in advice.action
    changed = member_recipes(load_recipe(own.model_dump(mode="json"), advice.settings))
    assert {name: one.training.epochs for name, one in changed.items()} == {"short": 8, "long": 80}


def test_the_interval_of_several_networks_is_wider_above() -> None:
    gain = gain_of_epochs([0.10, 0.20])
    # Mean 0.15; its standard error is 0.0707 / √2 = 0.05.
    assert (gain.value, gain.low, gain.high) == pytest.approx((0.1125, 0, 0.225 + 1.96 * 0.05))


@given(st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=6))
def test_the_gain_of_epochs_is_inside_its_interval(rises: list[float]) -> None:
    gain = gain_of_epochs(rises)
    assert 0 <= gain.low <= gain.value <= gain.high


@pytest.mark.parametrize(
    "curve",
    [
        TrainingCurve(8, 0.99, RISING),  # nothing left to learn
        TrainingCurve(8, 0.8, ((2, 0.7), (4, 0.7), (8, 0.7))),
        TrainingCurve(8, 0.8, ((2, 0.8), (4, 0.8), (8, 0.6))),
        TrainingCurve(8, 0.8, ((8, 0.7),)),  # one validation shows no slope
        TrainingCurve(8, 0.8),
    ],
)
def test_no_more_epochs_without_a_rise(curve: TrainingCurve) -> None:
    assert too_few_epochs(fine(curves=(curve,)), recipe()) == []


def test_a_gap_between_training_and_held_out_drawings() -> None:
    found = fine(curves=(TrainingCurve(8, 0.96),))
    assert overfits(found, recipe("transforms.policy=light"))[0].settings == ("transforms.policy=medium",)
    assert overfits(found, recipe("transforms.policy=sketch"))[0].settings == ("transforms.mixing.cutmix_alpha=1.0",)
    mixed = recipe("transforms.policy=sketch", "transforms.mixing.mixup_alpha=0.2", "optimizer.weight_decay=0.05")
    assert overfits(found, mixed)[0].settings == ("optimizer.weight_decay=0.1",)
    assert overfits(fine(curves=(TrainingCurve(8, 0.94),)), recipe()) == []
    assert overfits(fine(curves=()), recipe()) == []


def test_why_no_more_epochs_are_recommended_although_accuracy_rises() -> None:
    curve = TrainingCurve(8, 0.99, ((4, 0.6), (8, 0.65)))
    assert "rose by 5.0 points" in overfits(fine(curves=(curve,)), recipe())[0].evidence
    for other in (replace(curve, train=0.97), replace(curve, valid=((4, 0.65), (8, 0.65)))):
        assert "rose by" not in overfits(fine(curves=(other,)), recipe())[0].evidence


def test_a_network_that_underfits_gets_milder_augmentation_or_another_backbone() -> None:
    found = fine(curves=(TrainingCurve(8, 0.8),))
    assert underfits(found, recipe("transforms.policy=sketch"))[0].settings == ("transforms.policy=light",)
    assert underfits(found, recipe("transforms.policy=light"))[0].tool == "scout"
    # With mixing, training accuracy is that of mixed drawings.
    assert underfits(found, recipe("transforms.mixing.mixup_alpha=0.2")) == []


@pytest.mark.parametrize(("train", "held_out"), [(0.8, 0.95), (0.95, 0.94), (0.8, 0.7)])
def test_an_accurate_network_does_not_underfit(train: float, held_out: float) -> None:
    """Training accuracy is that of augmented drawings, which are more difficult."""
    found = fine(curves=(TrainingCurve(8, train),), accuracy=Estimate(held_out, held_out - 0.02, held_out + 0.02, 1000))
    assert underfits(found, recipe("transforms.policy=sketch")) == []
