"""The estimate of accuracy on test rows without labels."""

from dataclasses import replace

import numpy as np
import pytest

from sketchfit.claims.label_free import LabelFreeModel, estimate
from sketchfit.claims.unit import Answers
from tests.claims.worlds import World, final_accuracy, single_accuracy


def test_without_a_shift_it_is_near_the_truth() -> None:
    single, final = [], []
    for seed in range(6):
        answers, label = World().answers(seed)
        found = estimate(answers)
        single.append(found.single - single_accuracy(answers, label))
        final.append(found.final.value - final_accuracy(answers, label))
    assert np.abs(np.mean(single)) < 0.015
    assert np.abs(np.mean(final)) < 0.02


def test_harder_rows_are_estimated_lower_and_less_certainly() -> None:
    plain, _ = World().answers(seed=5)
    hard, _ = World().answers(seed=5, signal=0.8)
    same, drifted = estimate(plain), estimate(hard)
    assert drifted.final.value < same.final.value - 0.1
    assert drifted.single_error > same.single_error


def test_the_intervals_of_splits_without_a_shift_include_the_truth() -> None:
    inside = []
    for seed in range(20):
        answers, label = World(classes=5, signal=1.5).answers(seed, rows=150, test=200)
        found = estimate(answers).final
        inside.append(found.low <= final_accuracy(answers, label) <= found.high)
    assert np.mean(inside) >= 0.9


def test_the_final_answer_of_several_networks_is_better_than_one() -> None:
    answers, _ = World(noise=1.5).answers(seed=6)
    found = estimate(answers)
    assert found.final.value > found.single + 0.03
    assert found.agreement is not None
    assert 0 < found.agreement < 1


def test_one_network_is_its_own_final_answer() -> None:
    answers, _ = World().answers(seed=7, folds=1)
    found = estimate(Answers(answers.units, answers.units[0].test))
    assert found.final.value == found.single
    assert found.agreement is None


def test_related_training_rows_widen_the_interval() -> None:
    answers, _ = World().answers(seed=8)
    repeated = tuple(
        replace(unit, label=np.repeat(unit.label[::4], 4), oof=np.repeat(unit.oof[::4], 4, axis=0))
        for unit in answers.units
    )
    related = Answers(repeated, answers.final)
    alone, grouped = estimate(related), estimate(related, np.arange(1200) // 4)
    assert grouped.final.value == alone.final.value
    assert grouped.single_error > 1.2 * alone.single_error
    assert grouped.split_error > 1.2 * alone.split_error


def test_related_test_rows_vary_more() -> None:
    answers, _ = World().answers(seed=9)
    test = [np.repeat(unit.test[::8], 8, axis=0) for unit in answers.units]
    model, group = LabelFreeModel.fit(answers), np.arange(800) // 8
    alone, grouped = model.estimate(test, np.mean(test, axis=0)), model.estimate(test, np.mean(test, axis=0), group)
    assert grouped.split_error == pytest.approx(np.sqrt(8) * alone.split_error, rel=0.05)


def test_the_split_error_is_how_much_the_estimate_varies_between_test_sets() -> None:
    answers, _ = World().answers(seed=10, folds=2, rows=3000, test=12000)
    model = LabelFreeModel.fit(answers)
    parts = np.arange(12000).reshape(40, 300)
    found = [model.estimate([unit.test[rows] for unit in answers.units], answers.final[rows]) for rows in parts]
    varied = np.std([one.parts.by_confidence for one in found])
    assert varied == pytest.approx(np.mean([one.split_error for one in found]), rel=0.25)


@pytest.mark.parametrize("right", [True, False])
def test_networks_that_are_always_right_or_wrong_give_an_estimate(right: bool) -> None:
    answers, _ = World(classes=4).answers(seed=11, rows=40, test=60)
    units = tuple(replace(unit, label=(unit.oof.argmax(axis=1) + (0 if right else 1)) % 4) for unit in answers.units)
    found = estimate(Answers(units, answers.final))
    assert (found.single > 0.95) if right else (found.single < 0.05)
    assert 0 <= found.final.low <= found.final.value <= found.final.high <= 1
