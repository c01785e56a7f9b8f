"""Distillation of a run's ensemble: teachers, the targets of the student, and its figures."""

from __future__ import annotations

import io
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from sketchfit.api.run import run
from sketchfit.config.load import load_recipe
from sketchfit.config.overrides import merge
from sketchfit.config.student import student_of
from sketchfit.data.folds import Fold
from sketchfit.distillation import cost as cost_module
from sketchfit.distillation import distill as stage
from sketchfit.distillation import student as student_module
from sketchfit.distillation.cost import TimedNetwork
from sketchfit.distillation.student import DistillationJob, student_unit
from sketchfit.errors import UserError
from sketchfit.inference import predictor as predictor_module
from sketchfit.inference.predictor import Predictor
from sketchfit.models.backend import Backend, Floats, Pictures
from sketchfit.models.network import Network
from sketchfit.models.saved_network import load_network
from sketchfit.runs.artefacts import Cost
from sketchfit.runs.folder import RunFolder
from sketchfit.runs.networks import NetworkFolder
from sketchfit.stages.decode import open_members
from sketchfit.synthetic import draw_dataset
from sketchfit.training import fold as fold_module
from sketchfit.training.fold import TrainedMember, read_fold
from sketchfit.training.fold_result import FoldResult
from sketchfit.training.job import FitJob
from tests.factories import open_context, tiny_recipe

Cli = Callable[..., tuple[int, str, str]]

RECIPE = tiny_recipe(
    {
        "ensemble": {"method": "mean", "compare": ["mean"]},
        "training": {"epochs": 1, "validate_every": 0},
        "tracking": {"progress": "plain"},
        "members": {"a": {}, "b": {"seed": 5, "data": {"channels": 3}}},
    }
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with drawings in `data` and a finished run in `run`. Not to be changed by a test."""
    folder = tmp_path_factory.mktemp("students")
    draw_dataset(folder / "data", classes=4, per_class=8, test_per_class=3, seed=2, copies=0.0)
    run(folder / "data", RECIPE, out=folder / "run")
    return folder


@pytest.fixture
def place(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of `finished` that the test may change."""
    return Path(shutil.copytree(finished, tmp_path_factory.mktemp("copy") / "place"))


class Distillation:
    """The finished run in `place`, ready to train students of fold 0 in another folder."""

    def __init__(self, place: Path, settings: dict[str, Any]) -> None:
        recipe = load_recipe(merge(RECIPE, {"tracking": {"progress": "none"}}), settings)
        self.context, members = open_context(place / "run", place / "data", recipe)
        student = student_of(recipe)
        self.student = open_members(self.context, {"a+distilled": student.recipe})["a+distilled"]
        fold = pd.read_parquet(self.context.run.folds)["fold"].to_numpy()
        self.fold = Fold(0, np.flatnonzero(fold != 0), np.flatnonzero(fold == 0))
        self.teachers = [
            TrainedMember(one, name, (self.fold,), (read_fold(self.context.run.network(name, 0)),))
            for name, one in members.items()
        ]
        self.job = DistillationJob(self.student, student.recipe_without_teacher, self.teachers, [self.fold])

    def train(self, target: Path, fold: Fold | None = None, **fields: Any) -> FoldResult:
        """The student of fold 0, in a run's folder of its own with the same members."""
        if not (target / "members").exists():
            target.mkdir(exist_ok=True)
            (target / "members").symlink_to(self.context.run.path / "members")
        context = replace(self.context, run=RunFolder(target))
        return student_unit(context, replace(self.job, **fields), fold or self.fold).train(context)


def test_teachers_that_have_learnt_from_held_out_rows_are_refused(place: Path, tmp_path: Path) -> None:
    job = Distillation(place, {})
    leaky = replace(job.fold, train=np.append(job.fold.train, job.fold.valid[:2]))
    with pytest.raises(UserError) as caught:
        job.train(tmp_path, leaky)
    assert [problem.partition(" of fold")[0] for problem in caught.value.problems] == [
        f"{member}/fold0 was trained on 2 of the 16 rows" for member in "ab"
    ]
    group = np.arange(32)
    group[job.fold.train[0]] = group[job.fold.valid[0]]
    with pytest.raises(UserError, match="near-duplicates"):
        job.train(tmp_path, group=group)
    with pytest.raises(UserError, match="1 row related to rows of fold 0 by drawer"):
        job.train(tmp_path, group=group, relation="drawer")


def test_the_teacher_is_the_plain_mean_of_the_folds_own_networks_on_its_own_rows(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distillation = Distillation(place, {"distill": {"weight": 0.4, "temperature": 3.0}})
    jobs: list[FitJob] = []

    def keep(job: FitJob, *_: object) -> None:
        jobs.append(job)
        raise KeyboardInterrupt

    monkeypatch.setattr(fold_module, "train_network", keep)
    for test_rows in (False, True):
        with pytest.raises(KeyboardInterrupt):
            distillation.train(tmp_path, test_rows=test_rows)
    trained, test = [], []
    for one in distillation.teachers:
        folder = distillation.context.run.fold(one.folder, 0)
        network = load_network(folder, one.member.recipe, 4)
        predictor = Predictor.of(network, one.member.recipe, torch.device("cpu"))
        prob = predictor.probabilities(one.member.train, distillation.fold.train)
        trained.append(prob.astype(float))
        test.append(read_fold(NetworkFolder(folder)).test.astype(float))
    labelled, whole = jobs
    for job in jobs:
        assert (job.recipe.loss.distill, job.recipe.loss.distill_temperature) == (0.4, 3.0)
        assert job.teacher is not None
        np.testing.assert_array_equal(job.teacher.row[:16], distillation.fold.train)
        np.testing.assert_allclose(job.teacher.prob[:16], (trained[0] + trained[1]) / 2, atol=1e-6)
        assert not np.isin(job.teacher.row, distillation.fold.valid).any()
    assert labelled.soft is None
    assert labelled.teacher is not None
    assert len(labelled.teacher.row) == 16
    assert whole.soft is not None
    assert whole.teacher is not None
    assert whole.soft.row.tolist() == whole.teacher.row[16:].tolist() == list(range(32, 44))
    np.testing.assert_allclose(whole.soft.prob, (test[0] + test[1]) / 2, atol=1e-6)
    np.testing.assert_array_equal(whole.soft.prob, whole.teacher.prob[16:])
    np.testing.assert_array_equal(whole.store.images[35], distillation.student.test.images[3])


def test_a_student_follows_its_teacher_and_not_the_labels(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A teacher whose first class is always class 2."""
    constant = np.array([0.01, 0.01, 0.97, 0.01], np.float32)
    monkeypatch.setattr(
        student_module, "_predict_train_rows", lambda _c, _j, fold: [np.tile(constant, (len(fold.train), 1))]
    )
    learning = {"training": {"epochs": 8}, "optimizer": {"lr": 5e-3}, "transforms": {"policy": "none"}}
    job = Distillation(place, {"distill": {"weight": 1.0, "temperature": 1.0, "student": learning}})
    taught = job.train(tmp_path / "taught")
    assert taught.oof.argmax(axis=1).tolist() == [2] * 16
    assert taught.oof[:, 2].mean() > 0.8


def test_an_interrupted_student_continues_with_the_same_targets(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Distillation(place, {})
    whole = job.train(tmp_path / "whole")
    folder = RunFolder(tmp_path / "killed").fold("a+distilled", 0)

    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(fold_module, "train_network", kill)
        with pytest.raises(KeyboardInterrupt):
            job.train(tmp_path / "killed")
    assert (folder / "teacher.npz").is_file()
    with monkeypatch.context() as patch:
        patch.setattr(student_module, "load_network", kill)  # no teacher predicts again
        resumed = job.train(tmp_path / "killed")
    np.testing.assert_array_equal(resumed.oof, whole.oof)
    assert not (folder / "teacher.npz").exists()


def test_the_command_line(place: Path, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "measure_cost", partial(cost_module.measure_cost, images=8))
    target = place / "run"
    answers = (target / "submission.csv").read_bytes()
    status, printed, errors = cli("distill", target, "--set", "distill.test_rows=true")
    assert (status, errors) == (0, "")
    assert "the same network without a teacher (a)" in printed
    assert "times as fast" in printed
    folders = sorted((target / "derived").glob("*/*"))
    assert [path.relative_to(target / "derived").as_posix() for path in folders] == [
        "a+distilled/fold0",
        "a+distilled/fold1",
    ]
    for folder in folders:
        assert {path.name for path in folder.iterdir()} == {
            "model.safetensors",
            "history.csv",
            "oof.npz",
            "test.npz",
            "done.json",
        }
    assert (target / "submission.csv").read_bytes() == answers

    written = json.loads((target / "ensemble" / "distilled.json").read_text())
    label = pd.read_parquet(target / "folds.parquet")["label"].to_numpy()

    def right(members: list[str]) -> float:
        found = np.zeros((32, 4))
        for number in (0, 1):
            for member in members:
                one = read_fold(RunFolder(target).network(member, number))
                found[one.rows] += one.oof / len(members)
        return float((found.argmax(axis=1) == label).mean())

    student, teacher, alone = right(["a+distilled"]), right(["a", "b"]), right(["a"])
    assert written["student"]["value"] == pytest.approx(student)
    assert written["teacher"]["value"] == pytest.approx(teacher)
    assert written["against_teacher"]["value"] == pytest.approx(student - teacher)
    assert written["without_teacher"]["member"] == "a"
    assert written["without_teacher"]["gain"]["value"] == pytest.approx(student - alone)
    cost = written["cost"]
    assert (cost["ensemble_networks"], cost["student_networks"]) == (4, 2)
    assert cost["ensemble_parameters"] == 2 * cost["student_parameters"] > 0
    assert len(cost["ensemble_rates"]) == len(cost["student_rates"]) == 3
    steps = json.loads((target / "ensemble" / "steps.json").read_text())
    assert steps["steps"][-1]["name"] == "a+distilled alone, against its teacher"

    status, table, _ = cli("predict", target, place / "data" / "test.csv", "--distilled")
    assert status == 0
    expected = np.mean([read_fold(NetworkFolder(folder)).test for folder in folders], axis=0)
    shown = pd.read_csv(io.StringIO(table))["probability"]
    np.testing.assert_allclose(shown, expected.max(axis=1), atol=2e-6)
    assert cli("predict", target, place / "data" / "test.csv", "--distilled", "--sets", "0.9")[0] == 2

    status, printed, _ = cli("export", target, "--member", "a+distilled", "--out", tmp_path / "student.onnx")
    assert status == 0
    assert "derived/a+distilled/fold0" in printed
    assert (tmp_path / "student.onnx").is_file()

    with monkeypatch.context() as patch:  # nothing is done twice
        patch.setattr(fold_module, "train_network", None)
        patch.setattr(stage, "measure_cost", None)
        assert cli("distill", target)[0] == 0
    assert json.loads((target / "ensemble" / "distilled.json").read_text()) == written

    with monkeypatch.context() as patch:  # a soup of folds was trained on every row and is no teacher
        patch.setattr(fold_module, "train_network", None)
        assert cli("distill", target, "--set", "soup.folds=true", "--set", "soup.use=folds")[0] == 0
    souped = json.loads((target / "ensemble" / "distilled.json").read_text())
    assert (souped["folds"], souped["teacher"]) == (written["folds"], written["teacher"])
    assert souped["cost"]["ensemble_networks"] == 2
    assert cli("distill", target, "--set", "soup.folds=false", "--set", "soup.use=none")[0] == 0

    (tmp_path / "small.yaml").write_text(yaml.safe_dump({"training": {"epochs": 2}}))
    status, printed, _ = cli(
        "distill", target, "--student", tmp_path / "small.yaml", "--set", "model.drop_rate=0.1", "--set", "seed=3"
    )
    assert status == 0
    assert "without a teacher" not in printed
    asked = yaml.safe_load((target / "recipe.yaml").read_text())["distill"]
    assert asked["student"] == {"training": {"epochs": 2}, "model": {"drop_rate": 0.1}, "seed": 3}
    assert asked["test_rows"]  # the run's own settings stay
    status, printed, _ = cli("distill", target, "--student", "b")
    assert status == 0
    assert "the same network without a teacher (b)" in printed
    assert yaml.safe_load((target / "recipe.yaml").read_text())["distill"]["student"] == {}

    (RunFolder(target).fold("b+distilled", 1) / "done.json").unlink()
    status, _, errors = cli("predict", target, place / "data" / "test.csv", "--distilled")
    assert status == 2
    assert "is not the student" in errors


def test_a_mistake_leaves_the_run_as_it_is(place: Path, cli: Cli) -> None:
    before = (place / "run" / "recipe.yaml").read_text()
    status, _, errors = cli("distill", place / "run", "--student", "nobody")
    assert (status, "no member 'nobody'" in errors) == (2, True)
    status, _, errors = cli("distill", place / "run", "--student", "gone.yaml")
    assert (status, "gone.yaml" in errors) == (2, True)
    status, _, errors = cli("distill", place / "run", "--set", "training.epoch=2")
    assert (status, "'training.epochs'" in errors) == (2, True)
    assert (place / "run" / "recipe.yaml").read_text() == before


def test_how_much_faster_is_the_median_of_the_turns() -> None:
    cost = Cost(
        device="cpu",
        threads=1,
        images=128,
        ensemble_networks=4,
        student_networks=2,
        ensemble_parameters=4_000_000,
        student_parameters=1_500_000,
        ensemble_rates=(10.0, 5.0, 10.0),
        student_rates=(30.0, 20.0, 40.0),
    )
    assert cost.times_as_fast == 4.0
    assert str(cost) == (
        "30 images/s by 2 networks (1.5 M parameters), the complete ensemble 10 by 4 networks (4.0 M parameters): "
        "4.0 times as fast"
    )


def test_converting_a_network_is_not_timed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The backend takes long to convert its network at the first batch, and no time afterwards."""
    job = Distillation(place, {})
    made = []

    def build_backend(name: str, network: Network, *_: object) -> Backend:
        ready = False

        def backend(pictures: Pictures) -> Floats:
            nonlocal ready
            if not ready:
                made.append(network)
                time.sleep(0.5)
            ready = True
            return np.full((len(pictures), 4), 0.25, np.float32)

        return backend

    monkeypatch.setattr(predictor_module, "build_backend", build_backend)

    def timed_network(one: TrainedMember, count: int) -> TimedNetwork:
        network = load_network(job.context.run.fold(one.folder, 0), one.member.recipe, 4)
        return TimedNetwork(network, one.member.recipe, one.member.train, ("identity",), count)

    first, second = (timed_network(one, 2) for one in job.teachers)
    student = timed_network(job.teachers[0], 1)
    cost = cost_module.measure_cost([first, second], student, np.arange(32), job.context.engine, 8)
    assert len(made) == 3
    assert min(cost.student_rates) > 8 / 0.5
    assert (cost.ensemble_networks, cost.ensemble_parameters) == (4, first.parameters + second.parameters)
    assert first.parameters == 2 * sum(one.numel() for one in first.network.model.parameters())
