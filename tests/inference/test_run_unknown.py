"""The networks of a run's folds are compared with the rows that each of them holds out, members combined by fold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.inference.calibration import Temperature
from sketchfit.inference.ensembling.rule import Rule
from sketchfit.inference.run_predictor import MemberNetworks, RunAnswers, RunPredictor
from sketchfit.inference.run_unknown import RunUnknown
from sketchfit.inference.unknown import UnknownTest
from sketchfit.runs.artefacts import MemberViews
from sketchfit.runs.networks import NetworkFolder
from sketchfit.runs.run import Run
from tests.factories import probabilities, tiny_recipe, write_run

CLASSES, ROWS = 6, 120


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Two members with two folds each."""
    return Run.open(write_run(tmp_path / "run", tmp_path / "data"))


def member(run: Run, name: str, folds: tuple[int, ...] = (0, 1), **views: object) -> MemberNetworks:
    networks = [NetworkFolder(run.path / "members" / name / f"fold{fold}") for fold in folds]
    given = {"folder": name, "names": ("identity",), "mode": "mean-prob"} | views
    if "refit" in given:
        networks.append(NetworkFolder(run.path / "derived" / f"{name}+refit" / "fold0"))
    found = MemberViews.model_validate(given)
    return MemberNetworks(load_recipe(tiny_recipe()), tuple(networks), (1.0,) * len(networks), found)


def predictor(*members: MemberNetworks) -> RunPredictor:
    weights = np.arange(1.0, 1 + len(members)) / np.arange(1.0, 1 + len(members)).sum()
    return RunPredictor(members, Rule(weights), "soft", Temperature(), CLASSES)


def some_answers(rng: np.random.Generator, *networks: int) -> RunAnswers:
    probs = tuple(tuple(rng.dirichlet(np.ones(CLASSES), 7) for _ in range(count)) for count in networks)
    return RunAnswers(np.zeros((7, CLASSES), np.float32), probs)


def held(run: Run, name: str, fold: int) -> np.ndarray:
    return probabilities(run.path / "members" / name / f"fold{fold}" / "oof.npz")[1]


def test_members_are_combined_fold_by_fold(run: Run) -> None:
    answers = some_answers(np.random.default_rng(0), 2, 2)
    found = RunUnknown.of(run, predictor(member(run, "member0"), member(run, "member1")))
    combined = [(held(run, "member0", k) + 2 * held(run, "member1", k)) / 3 for k in range(2)]
    new = [(answers.networks[0][k] + 2 * answers.networks[1][k]) / 3 for k in range(2)]
    np.testing.assert_allclose(found.p_values(answers), UnknownTest.fit(combined).p_values(new))
    assert found.test.families == ROWS


def test_folds_that_a_member_lacks_and_the_network_of_all_rows_are_not_used(run: Run) -> None:
    first, second = member(run, "member0", refit=("member0+refit", 1.0)), member(run, "member1", (1,))
    answers = some_answers(np.random.default_rng(1), 2, 1)
    found = RunUnknown.of(run, predictor(first, second))
    known = (held(run, "member0", 1) + 2 * held(run, "member1", 1)) / 3
    new = (answers.networks[0][1] + 2 * answers.networks[1][0]) / 3
    assert found.places == ((1, 0),)
    np.testing.assert_allclose(found.p_values(answers), UnknownTest.fit([known]).p_values([new]))


def test_views_are_merged_as_for_new_images(run: Run) -> None:
    views = []
    for fold in range(2):
        folder = NetworkFolder(run.path / "members" / "member0" / f"fold{fold}")
        views.append(np.random.default_rng(fold).dirichlet(np.ones(CLASSES), ROWS // 2).astype(np.float32))
        folder.write_views("oof", "", {"hflip": views[-1]})
    answers = some_answers(np.random.default_rng(2), 2)
    found = RunUnknown.of(run, predictor(member(run, "member0", names=("identity", "hflip"))))
    known = [(held(run, "member0", k) + views[k]) / 2 for k in range(2)]
    np.testing.assert_allclose(found.p_values(answers), UnknownTest.fit(known).p_values(answers.networks[0]))
    with pytest.raises(UserError, match="vflip"):
        RunUnknown.of(run, predictor(member(run, "member0", names=("identity", "vflip"))))


def test_related_rows_count_as_one(run: Run) -> None:
    frame = pd.read_parquet(run.folder.folds)
    frame["group"] = frame["row"] % 2 + frame["row"] // 4 * 2  # 0 and 2, 1 and 3 … pairs within a fold
    frame.to_parquet(run.folder.folds)
    found = RunUnknown.of(Run.open(run.path), predictor(member(run, "member0")))
    assert found.test.families == ROWS // 2
    assert found.test.smallest == pytest.approx(1 / (ROWS // 2 + 1))


def test_networks_without_held_out_rows_are_refused(run: Run) -> None:
    folder = NetworkFolder(run.path / "members" / "member0" / "fold0")
    folder.write_probabilities("oof", np.zeros(0, np.int64), np.zeros((0, CLASSES), np.float32))
    with pytest.raises(UserError, match="not learnt"):
        RunUnknown.of(run, predictor(member(run, "member0", (0,))))


def test_members_without_a_common_fold_are_refused(run: Run) -> None:
    with pytest.raises(UserError, match="not learnt"):
        RunUnknown.of(run, predictor(member(run, "member0", (0,)), member(run, "member1", (1,))))
