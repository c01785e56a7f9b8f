"""The pass that measures simulated shifts."""

import numpy as np
import pytest
import torch

from sketchfit.claims.shifts import picture_shifts
from sketchfit.claims.signals import FoldsReference
from sketchfit.claims.simulate import (
    FEWEST_ROWS,
    PassRate,
    affordable_rows,
    predict_changed,
    rows_in_time,
    sampled_rows,
    simulate,
)
from sketchfit.claims.unit import FoldUnit
from sketchfit.config.load import load_recipe
from sketchfit.inference.predictor import Predictor
from sketchfit.models.backbone import build_network
from tests.claims.worlds import World
from tests.factories import bars, make_store, tiny_recipe


def units(rows: int = 400) -> tuple[FoldUnit, ...]:
    return World().answers(seed=1, rows=rows)[0].units


def test_the_pass_is_a_small_part_of_training_and_has_at_most_300_rows() -> None:
    assert affordable_rows(5000, 5 * 4000 * 9) == 300
    assert affordable_rows(507, 5 * 405 * 9) == int(0.04 * 3 * 5 * 405 * 9 / 15)
    assert affordable_rows(1000, 1000) == 140  # a short training
    assert affordable_rows(100, 10**6) == 100
    assert [affordable_rows(5000, 10**6, most) for most in (0, 60)] == [0, 60]


@pytest.mark.parametrize("units", [1, 3, 8])
@pytest.mark.parametrize("start", [0.0, 0.5, 20.0])
@pytest.mark.parametrize("seconds", [-1.0, 0.0, 4.0, 40.0, 400.0])
def test_the_rows_fit_into_the_time_and_no_more_would(seconds: float, start: float, units: int) -> None:
    rate = PassRate(start, 0.25)
    rows = rows_in_time(seconds, rate, units)
    assert rows % units == 0
    if rows:
        assert rows >= FEWEST_ROWS
        assert units * rate.start + rows * rate.row <= seconds
    more = max(rows + units, FEWEST_ROWS)
    assert units * rate.start + more * rate.row > seconds


def test_a_clock_that_stands_still_gives_rows() -> None:
    assert rows_in_time(1.0, PassRate(0.0, 0.0), 2) > 10**5


def test_the_sample_is_divided_among_the_units() -> None:
    assert [len(rows) for rows in sampled_rows(units(400), 300, 0)] == [100, 100, 100]
    assert [len(rows) for rows in sampled_rows(units(400), 61, 0)] == [21, 21, 21]
    assert sampled_rows(units(400), 29, 0) == []


def test_the_sample_is_of_the_units_own_rows_each_once_and_repeatable() -> None:
    for unit, rows, again in zip(units(), sampled_rows(units(), 60, 5), sampled_rows(units(), 60, 5), strict=True):
        assert set(rows) <= set(unit.row)
        assert len(set(rows)) == len(rows)
        assert np.array_equal(rows, again)
    assert not np.array_equal(sampled_rows(units(), 60, 5)[0], sampled_rows(units(), 60, 6)[0])


def test_accuracy_and_signals_are_those_of_the_answers_of_each_shift() -> None:
    answers, _ = World().answers(seed=1)
    reference = FoldsReference.of(answers)
    by_row = {
        int(row): (prob, label)
        for unit in answers.units
        for row, prob, label in zip(unit.row, unit.oof, unit.label, strict=True)
    }
    used: list[np.ndarray] = []

    def predict(place: int, rows: np.ndarray, changes: object) -> list[np.ndarray]:
        used.append(rows)
        oof = np.stack([by_row[int(row)][0] for row in rows])
        return [oof] + [np.roll(oof, 1, axis=1)] * len(picture_shifts())

    found = simulate(reference, answers.units, predict, 240, seed=0)
    right = [np.mean([by_row[int(row)][0].argmax() == by_row[int(row)][1] for row in rows]) for rows in used]
    shifted = [np.mean([(by_row[int(r)][0].argmax() + 1) % 10 == by_row[int(r)][1] for r in rows]) for rows in used]
    assert (found[0].kind, found[0].accuracy) == ("", pytest.approx(np.mean(right)))
    assert [one.name for one in found[1:]] == [one.name for one in picture_shifts()]
    assert found[1].accuracy == pytest.approx(np.mean(shifted))
    assert found[1].signals.by_confidence == found[0].signals.by_confidence  # other classes, equal confidence
    assert found[1].signals.frequencies == pytest.approx(np.roll(found[0].signals.frequencies, 1, axis=1))


def test_nothing_is_predicted_for_too_few_rows() -> None:
    answers, _ = World().answers(seed=1, rows=40)

    def predict(place: int, rows: np.ndarray, changes: object) -> list[np.ndarray]:
        raise AssertionError

    assert simulate(FoldsReference.of(answers), answers.units, predict, 20, seed=0) == ()


def test_changed_rows_are_predicted_like_changed_pictures() -> None:
    recipe = load_recipe(tiny_recipe({"inference": {"batch_size": 7}}))
    torch.manual_seed(0)
    predictor = Predictor.of(build_network(recipe.model, 3), recipe, torch.device("cpu"))
    store, rows = make_store(bars(np.arange(9) % 3, size=32)), np.array([7, 2, 4, 8])
    changes = [lambda p, paper, rng: p, lambda p, paper, rng: 255 - p, picture_shifts()[-4].change]
    plain, inverted, uneven = predict_changed(predictor, store, rows, changes, seed=3)
    np.testing.assert_allclose(plain, predictor.predict(store.images[rows]), atol=1e-6)
    np.testing.assert_allclose(inverted, predictor.predict(255 - store.images[rows]), atol=1e-6)
    one = predict_changed(predictor, store, rows[2:3], changes, seed=3)[2]
    np.testing.assert_allclose(uneven[2:3], one, atol=1e-6)  # randomness depends on the row, not on the batch
    other = predict_changed(predictor, store, rows, changes, seed=4)[2]
    assert not np.allclose(uneven, other, atol=1e-6)
