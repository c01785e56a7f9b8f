"""Rows of the benchmark of the estimate under drift, and its table."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.claims_drift import NO_CLASS, Result, Rows, print_table
from sketchfit.claims.label_free import estimate
from sketchfit.inference.run_predictor import RunAnswers
from tests.claims.worlds import World


def rows(label: list[int], chosen: list[int]) -> Rows:
    prob = np.eye(3, dtype=np.float32)[chosen]
    return Rows(RunAnswers(prob, ((prob, 1 - prob),)), np.array(label))


def test_rows_of_unknown_classes_are_never_right() -> None:
    assert rows([0, 1, NO_CLASS, NO_CLASS], [0, 2, 0, 1]).truth == 0.25


def test_rows_are_selected_and_joined_for_all_networks() -> None:
    first, second = rows([0, 1], [0, 1]), rows([2, 0], [2, 2])
    both = first.followed_by(second).at(np.array([3, 0, 0]))
    assert both.label.tolist() == [0, 0, 0]
    assert both.answers.final.argmax(axis=1).tolist() == [2, 0, 0]
    assert both.answers.networks[0][1].tolist() == [[1, 1, 0], [0, 1, 1], [0, 1, 1]]


def test_the_table_has_both_errors_and_their_means(capsys: pytest.CaptureFixture[str]) -> None:
    found = estimate(World().answers(seed=1)[0])
    at = replace(found, final=replace(found.final, value=0.5, low=0.4, high=0.6))
    print_table(
        [
            Result("none", 0, 0.9, at, at, fires=False),
            Result("blur", 1, 0.52, at, at, fires=False),
            Result("blur", 2, 0.30, at, replace(at, final=replace(at.final, value=0.4)), fires=True),
        ]
    )
    printed = capsys.readouterr().out
    assert "| blur | 2 | 30.0 | 50.0 (40.0–60.0) | +20.0 | +10.0 | yes |" in printed
    assert "mean absolute error 11.0 points; 6.0 where" in printed
    assert "in 50 %; alarm in 50 %" in printed
