"""What a run compares its answers to new images with: its test rows, or the rows that one of its folds holds out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.inference.calibration import Temperature
from sketchfit.inference.ensembling.rule import Rule
from sketchfit.inference.run_predictor import MemberNetworks, RunAnswers, RunPredictor
from sketchfit.inference.run_unknown import RunUnknown
from sketchfit.inference.unknown import UnknownTest
from sketchfit.inference.unlearnt import KnownRows, network_reference, unlearnt_test_rows
from sketchfit.models.learnt_rows import to_metadata
from sketchfit.models.tensor_file import save_tensors
from sketchfit.runs.artefacts import MemberViews
from sketchfit.runs.inputs import InputRows, write_inputs
from sketchfit.runs.networks import NetworkFolder
from sketchfit.runs.run import Run
from tests.factories import probabilities, tiny_recipe, write_run

CLASSES, ROWS, IMAGES = 6, 120, 7


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Two members with two folds each, without test rows."""
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
    return RunPredictor(members, Rule(weights), "soft", Temperature(2.0), CLASSES)


def some(seed: int, rows: int) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(CLASSES), rows).astype(np.float32)


def some_answers(*networks: int) -> RunAnswers:
    probs = tuple(tuple(some(10 * m + k, IMAGES) for k in range(count)) for m, count in enumerate(networks))
    return RunAnswers(some(99, IMAGES), probs)


def held(run: Run, name: str, fold: int) -> np.ndarray:
    return probabilities(run.path / "members" / name / f"fold{fold}" / "oof.npz")[1]


def with_test_rows(run: Run, member: MemberNetworks, rows: int, learnt: tuple[int, ...] = ()) -> list[np.ndarray]:
    """Write test rows, whose images have the numbers 1000, 1001 …, and each network's answers to them."""
    train = InputRows(("x",) * ROWS, ("0",) * ROWS, np.arange(ROWS, dtype=np.uint64))
    test = InputRows(("y",) * rows, ("",) * rows, 1000 + np.arange(rows, dtype=np.uint64))
    write_inputs(run.folder.inputs, train, test)
    found = []
    for number, network in enumerate(member.networks):
        found.append(some(50 + number, rows))
        network.path.mkdir(parents=True, exist_ok=True)
        network.write_probabilities("test", np.arange(rows), found[-1])
        ids = np.array([number, *learnt], dtype=np.uint64)
        save_tensors(network.weights, {"w": torch.zeros(1)}, to_metadata(ids))
    return found


def test_the_complete_answer_is_compared_with_that_to_the_test_rows(run: Run) -> None:
    first = member(run, "member0", refit=("member0+refit", 1.0))
    tests, model = with_test_rows(run, first, 150), predictor(first)
    answers = some_answers(2)
    found = RunUnknown.of(run, model)
    final = Temperature(2.0).apply(np.mean(tests, axis=0).astype(np.float32))
    assert (found.judges, found.compared_with) == (None, "150 test rows")
    assert found.test.families == 150
    np.testing.assert_allclose(found.p_values(answers), UnknownTest.fit(final).p_values(answers.final))


def test_test_rows_that_a_network_has_learnt_are_not_used(run: Run) -> None:
    first = member(run, "member0")
    with_test_rows(run, first, 150, learnt=(1003, 1149))
    assert np.setdiff1d(np.arange(150), unlearnt_test_rows(run, first.networks)).tolist() == [3, 149]
    assert RunUnknown.of(run, predictor(first)).test.families == 148


def test_test_rows_are_not_used_where_it_is_not_known_what_was_learnt(run: Run) -> None:
    first = member(run, "member0")
    with_test_rows(run, first, 150)
    save_tensors(first.networks[1].weights, {"w": torch.zeros(1)}, {})
    assert RunUnknown.of(run, predictor(first)).judges == (0,)


def test_test_rows_that_are_not_predicted_yet_are_not_used(run: Run) -> None:
    first = member(run, "member0")
    with_test_rows(run, first, 150)
    for network in first.networks:
        network.write_probabilities("test", np.arange(140), some(1, 140))
    assert RunUnknown.of(run, predictor(first)).judges == (0,)
    assert network_reference(run, first.networks[0]) is None


def test_copies_among_the_test_rows_count_once(run: Run) -> None:
    first = member(run, "member0")
    tests = with_test_rows(run, first, 150)
    for network, prob in zip(first.networks, tests, strict=True):
        network.write_probabilities("test", np.arange(150), np.concatenate([prob[:120], prob[:1].repeat(30, axis=0)]))
    assert RunUnknown.of(run, predictor(first)).test.families == pytest.approx(120)


def test_test_rows_are_as_related_as_training_rows(run: Run) -> None:
    first = member(run, "member0")
    with_test_rows(run, first, 400)
    frame = pd.read_parquet(run.folder.folds)
    frame["group"] = frame["row"] % 2 + frame["row"] // 4 * 2  # 0 and 2, 1 and 3 … pairs within a fold
    frame.to_parquet(run.folder.folds)
    assert RunUnknown.of(Run.open(run.path), predictor(first)).test.families == pytest.approx(200)


def test_a_fold_judges_where_there_are_few_test_rows(run: Run) -> None:
    first, second = member(run, "member0"), member(run, "member1", (1,))
    with_test_rows(run, first, 30)
    with_test_rows(run, second, 30)
    answers = some_answers(2, 1)
    found = RunUnknown.of(run, predictor(first, second))
    assert (found.judges, found.compared_with) == ((1, 0), "60 training rows that fold 1 holds out")
    known = (held(run, "member0", 1) + 2 * held(run, "member1", 1)) / 3
    new = (answers.networks[0][1] + 2 * answers.networks[1][0]) / 3
    np.testing.assert_allclose(found.p_values(answers), UnknownTest.fit(known).p_values(new), rtol=1e-6)


def test_more_test_rows_than_a_fold_holds_out_are_used_even_where_they_are_few(run: Run) -> None:
    first = member(run, "member0")
    with_test_rows(run, first, 61)
    assert RunUnknown.of(run, predictor(first)).judges is None


def test_views_are_merged_as_for_new_images(run: Run) -> None:
    views = []
    for fold in range(2):
        folder = NetworkFolder(run.path / "members" / "member0" / f"fold{fold}")
        views.append(some(fold, ROWS // 2))
        folder.write_views("oof", "", {"hflip": views[-1]})
    answers = some_answers(2)
    found = RunUnknown.of(run, predictor(member(run, "member0", names=("identity", "hflip"))))
    known = (held(run, "member0", 0) + views[0]) / 2
    expected = UnknownTest.fit(known).p_values(answers.networks[0][0])
    np.testing.assert_allclose(found.p_values(answers), expected, rtol=1e-6)
    with pytest.raises(UserError, match="vflip"):
        RunUnknown.of(run, predictor(member(run, "member0", names=("identity", "vflip"))))


def test_related_rows_of_a_fold_count_as_one(run: Run) -> None:
    frame = pd.read_parquet(run.folder.folds)
    frame["group"] = frame["row"] % 2 + frame["row"] // 4 * 2
    frame.to_parquet(run.folder.folds)
    found = RunUnknown.of(Run.open(run.path), predictor(member(run, "member0")))
    assert found.test.families == pytest.approx(ROWS // 4)


def test_networks_without_held_out_rows_are_refused(run: Run) -> None:
    folder = NetworkFolder(run.path / "members" / "member0" / "fold0")
    folder.write_probabilities("oof", np.zeros(0, np.int64), np.zeros((0, CLASSES), np.float32))
    with pytest.raises(UserError, match="not learnt"):
        RunUnknown.of(run, predictor(member(run, "member0", (0,))))


def test_members_without_a_common_fold_are_refused(run: Run) -> None:
    with pytest.raises(UserError, match="not learnt"):
        RunUnknown.of(run, predictor(member(run, "member0", (0,)), member(run, "member1", (1,))))


def test_the_test_rows_of_one_network(run: Run) -> None:
    first = member(run, "member0", refit=("member0+refit", 1.0))
    assert network_reference(run, first.networks[2]) is None
    tests = with_test_rows(run, first, 150, learnt=(1000,))
    for network, prob in zip(first.networks, tests, strict=True):
        assert_reference(network_reference(run, network), prob[1:], 149)


def assert_reference(found: KnownRows | None, prob: np.ndarray, families: int) -> None:
    assert found is not None
    np.testing.assert_allclose(found.prob, prob, rtol=1e-6)
    assert found.families == pytest.approx(families)
