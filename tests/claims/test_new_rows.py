"""Estimates for images that a finished run predicts later."""

import numpy as np
import pytest

from sketchfit.claims.label_free import LabelFreeModel
from sketchfit.claims.new_rows import FEWEST, MOST, estimate_new, wanted_rows
from sketchfit.claims.stored import to_record
from sketchfit.inference.run_predictor import RunAnswers
from tests.claims.worlds import World
from tests.inference.test_run_predictor import predictor


def test_wanted_rows_are_none_of_few_and_evenly_spaced_of_many() -> None:
    assert len(wanted_rows(FEWEST - 1)) == 0
    assert np.array_equal(wanted_rows(FEWEST), np.arange(FEWEST))
    many = wanted_rows(3 * MOST)
    assert len(many) == MOST
    assert (many[0], many[-1]) == (0, 3 * MOST - 1)
    assert set(np.diff(many)) <= {2, 3, 4}


def test_new_images_are_estimated_as_test_rows_are() -> None:
    answers, _ = World().answers(seed=2, test=300)
    model = LabelFreeModel.fit(answers)
    tests = [unit.test.astype(np.float32) for unit in answers.units]
    given = to_record(model), predictor(), RunAnswers(answers.final, (tuple(tests),)), np.arange(300)
    found = estimate_new(*given, np.ones(300, dtype=bool))
    assert found is not None
    assert found.final.value == pytest.approx(model.estimate(tests, answers.final).final.value, abs=1e-3)


def test_unreadable_images_do_not_count() -> None:
    answers, _ = World().answers(seed=2, test=2 * FEWEST)
    model, readable = LabelFreeModel.fit(answers), np.arange(2 * FEWEST) % 2 == 1
    tests = [unit.test.astype(np.float32) for unit in answers.units]
    given = to_record(model), predictor(), RunAnswers(answers.final, (tuple(tests),)), np.arange(2 * FEWEST)
    found = estimate_new(*given, readable)
    assert found is not None
    alone = model.estimate([unit[readable] for unit in tests], answers.final[readable]).final
    assert found.final.value == pytest.approx(alone.value, abs=1e-3)
    readable[1] = False
    assert estimate_new(*given, readable) is None


@pytest.mark.parametrize(("rows", "networks"), [(50, 3), (300, 2)])
def test_there_is_no_estimate_for_few_images_or_other_networks(rows: int, networks: int) -> None:
    answers, _ = World().answers(seed=2, test=rows)
    tests = tuple(unit.test for unit in answers.units[:networks])
    record = to_record(LabelFreeModel.fit(answers))
    of_folds = predictor(folds=tuple(range(networks)))
    given = record, of_folds, RunAnswers(answers.final, (tests,)), wanted_rows(rows)
    assert estimate_new(*given, np.ones(rows, dtype=bool)) is None
