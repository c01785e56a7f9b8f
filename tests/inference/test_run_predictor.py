"""How a run's networks are combined into its predictions, and into the units of its folds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sketchfit.config.load import load_recipe
from sketchfit.inference.calibration import Temperature
from sketchfit.inference.ensembling.rule import Rule
from sketchfit.inference.run_predictor import MemberNetworks, RunAnswers, RunPredictor
from sketchfit.runs.artefacts import MemberViews
from sketchfit.runs.networks import NetworkFolder
from tests.factories import tiny_recipe


def predictor(
    members: int = 1, weights: tuple[float, ...] = (1.0,), folds: tuple[int, ...] = (0, 1, 2)
) -> RunPredictor:
    views = MemberViews(folder="a", names=("identity",), mode="mean-prob")
    networks = tuple(NetworkFolder(Path(f"a/fold{fold}")) for fold in folds)
    member = MemberNetworks(load_recipe(tiny_recipe()), networks, (1.0,) * len(folds), views)
    return RunPredictor((member,) * members, Rule(np.array(weights)), "soft", Temperature(), 2)


def answers(*members: list[float]) -> RunAnswers:
    """Each network's probability of the first of two classes, for one image."""
    networks = tuple(tuple(np.array([[p, 1 - p]], np.float32) for p in one) for one in members)
    return RunAnswers(np.array([[0.5, 0.5]], np.float32), networks)


def first_class(units: list[np.ndarray]) -> list[float]:
    return [float(unit[0, 0]) for unit in units]


def test_a_unit_is_the_network_of_a_fold() -> None:
    found = predictor(folds=(0, 1)).units(answers([0.1, 0.3]), [(0,), (1,)])
    assert first_class(found) == pytest.approx([0.1, 0.3])


def test_members_are_combined_by_the_rule() -> None:
    found = predictor(2, (0.75, 0.25), (0, 1)).units(answers([0.1, 0.3], [0.5, 0.7]), [(0,), (1,)])
    assert first_class(found) == pytest.approx([0.2, 0.4])


def test_networks_of_repeats_are_averaged() -> None:
    found = predictor(folds=(0, 1, 2, 3)).units(answers([0.1, 0.3, 0.2, 0.5]), [(0, 2), (1, 3)])
    assert first_class(found) == pytest.approx([0.15, 0.4])


def test_networks_of_folds_that_are_not_scored_are_in_no_unit() -> None:
    found = predictor(folds=(0, 1, 4)).units(answers([0.1, 0.3, 0.9]), [(4,)])
    assert first_class(found) == pytest.approx([0.9])


def test_members_may_have_networks_of_more_folds_than_others() -> None:
    few, many = predictor(folds=(3, 5)).members, predictor(folds=(0, 3, 4, 5)).members
    both = RunPredictor((*few, *many), Rule(np.array([0.5, 0.5])), "soft", Temperature(), 2)
    found = both.units(answers([0.1, 0.3], [0.9, 0.2, 0.9, 0.5]), [(3,), (5,)])
    assert first_class(found) == pytest.approx([0.15, 0.4])


@pytest.mark.parametrize("folds", [[(0,), (1,)], [(2,), ()], []])
def test_networks_that_are_not_those_of_the_folds_are_no_units(folds: list[tuple[int, ...]]) -> None:
    assert predictor(folds=(0, 2)).units(answers([0.1, 0.2]), folds) == []
