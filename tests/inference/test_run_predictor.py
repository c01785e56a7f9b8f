"""How a run's networks are combined into its predictions, and into the units of its folds."""

from __future__ import annotations

import numpy as np
import pytest

from sketchfit.config.load import load_recipe
from sketchfit.inference.calibration import Temperature
from sketchfit.inference.ensembling.rule import Rule
from sketchfit.inference.run_predictor import MemberNetworks, RunAnswers, RunPredictor
from sketchfit.runs.artefacts import MemberViews
from tests.factories import tiny_recipe


def predictor(members: int = 1, weights: tuple[float, ...] = (1.0,)) -> RunPredictor:
    views = MemberViews(folder="a", names=("identity",), mode="mean-prob")
    member = MemberNetworks(load_recipe(tiny_recipe()), (), (), views)
    return RunPredictor((member,) * members, Rule(np.array(weights)), "soft", Temperature(), 2)


def answers(*members: list[float]) -> RunAnswers:
    """Each network's probability of the first of two classes, for one image."""
    networks = tuple(tuple(np.array([[p, 1 - p]], np.float32) for p in one) for one in members)
    return RunAnswers(np.array([[0.5, 0.5]], np.float32), networks)


def first_class(units: list[np.ndarray]) -> list[float]:
    return [float(unit[0, 0]) for unit in units]


def test_a_unit_is_the_network_of_a_fold() -> None:
    assert first_class(predictor().units(answers([0.1, 0.3]), 2)) == pytest.approx([0.1, 0.3])


def test_members_are_combined_by_the_rule() -> None:
    found = predictor(2, (0.75, 0.25)).units(answers([0.1, 0.3], [0.5, 0.7]), 2)
    assert first_class(found) == pytest.approx([0.2, 0.4])


def test_networks_of_repeats_are_averaged() -> None:
    assert first_class(predictor().units(answers([0.1, 0.3, 0.2, 0.5]), 2)) == pytest.approx([0.15, 0.4])


def test_networks_that_are_not_those_of_the_folds_are_no_units() -> None:
    assert predictor().units(answers([0.1]), 2) == []
    assert predictor().units(answers([]), 2) == []
