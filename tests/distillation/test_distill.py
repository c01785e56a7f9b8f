"""Distilling a run's ensemble: who teaches whom, what the student follows, and what is told of it."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from sketchfit.commands.run import run
from sketchfit.config.load import load_recipe, member_recipes, merge
from sketchfit.config.recipe import Recipe
from sketchfit.config.student import student_of
from sketchfit.data.folds import Fold
from sketchfit.data.stores import load_store
from sketchfit.distillation import cost as cost_module
from sketchfit.distillation import distill as stage
from sketchfit.distillation.cost import Cost, TimedNetwork
from sketchfit.distillation.distill import DistillationJob, TeacherMember, fit_student
from sketchfit.errors import UserError
from sketchfit.inference import predictor as predictor_module
from sketchfit.models.backend import Backend, Floats, Pictures
from sketchfit.models.network import Network
from sketchfit.runs.folder import RunFolder
from sketchfit.stages import train as members_stage
from sketchfit.stages.tables import load_table
from sketchfit.stages.train import FoldResult, Inputs, load_network, predict_rows, read_fold
from sketchfit.synthetic import draw_dataset
from sketchfit.tracking.console import Console
from sketchfit.training.engine import make_engine
from sketchfit.training.job import FitJob
from tests.factories import tiny_recipe

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


class School:
    """The finished run from within, for teaching one fold at a time."""

    def __init__(self, place: Path, settings: dict[str, Any]) -> None:
        self.recipe = load_recipe(merge(RECIPE, {"tracking": {"progress": "none"}}), settings)
        self.run, self.engine = RunFolder(place / "run"), make_engine(self.recipe.compute)
        table = load_table(place / "data", self.recipe)

        def inputs(recipe: Recipe) -> Inputs:
            stores = [load_store(table, split, "", recipe, Console("none")) for split in (table.train, table.test)]
            return Inputs(table, *stores)

        self.teacher_members = [
            TeacherMember(name, name, one, inputs(one)) for name, one in member_recipes(self.recipe).items()
        ]
        self.student = student_of(self.recipe)
        self.own = inputs(self.student.taught)
        fold = pd.read_parquet(self.run.folds)["fold"].to_numpy()
        self.fold = Fold(0, np.flatnonzero(fold != 0), np.flatnonzero(fold == 0))

    def teach(self, target: Path, fold: Fold | None = None, group: Any = None, test_rows: bool = False) -> FoldResult:
        """The student of fold 0, in a run's folder of its own with the same members."""
        if not (target / "members").exists():
            target.mkdir(exist_ok=True)
            (target / "members").symlink_to(self.run.path / "members")
        distillation_job = DistillationJob(RunFolder(target), self.student, self.teacher_members, self.own, test_rows)
        return fit_student(distillation_job, fold or self.fold, group, self.engine, Console("none"))


def test_teachers_that_have_seen_the_exam_are_refused(place: Path, tmp_path: Path) -> None:
    school = School(place, {})
    leaky = replace(school.fold, train=np.append(school.fold.train, school.fold.valid[:2]))
    with pytest.raises(UserError) as caught:
        school.teach(tmp_path, leaky)
    assert [problem.partition(" of fold")[0] for problem in caught.value.problems] == [
        f"{member}/fold0 has learnt from 2 of the 16 rows" for member in "ab"
    ]
    group = np.arange(32)
    group[school.fold.train[0]] = group[school.fold.valid[0]]
    with pytest.raises(UserError, match="near-duplicates"):
        school.teach(tmp_path, group=group)


def test_the_teacher_is_the_plain_mean_of_the_folds_own_networks_on_its_own_rows(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    school = School(place, {"distill": {"weight": 0.4, "temperature": 3.0}})
    jobs: list[FitJob] = []

    def keep(job: FitJob, *_: object) -> None:
        jobs.append(job)
        raise KeyboardInterrupt

    monkeypatch.setattr(members_stage, "fit_soup", keep)
    for test_rows in (False, True):
        with pytest.raises(KeyboardInterrupt):
            school.teach(tmp_path, test_rows=test_rows)
    trained, test = [], []
    for teacher_member in school.teacher_members:
        folder = school.run.fold(teacher_member.folder, 0)
        network = load_network(folder, teacher_member.recipe, 4)
        trained.append(
            predict_rows(
                network, teacher_member.recipe, teacher_member.inputs.train, school.fold.train, 4, school.engine
            ).astype(float)
        )
        test.append(read_fold(folder).test.astype(float))
    labelled, whole = jobs
    for job in jobs:
        assert (job.recipe.loss.distill, job.recipe.loss.distill_temperature) == (0.4, 3.0)
        assert job.teacher is not None
        np.testing.assert_array_equal(job.teacher.row[:16], school.fold.train)
        np.testing.assert_allclose(job.teacher.prob[:16], (trained[0] + trained[1]) / 2, atol=1e-6)
        assert not np.isin(job.teacher.row, school.fold.valid).any()
    assert labelled.soft is None
    assert labelled.teacher is not None
    assert len(labelled.teacher.row) == 16
    assert whole.soft is not None
    assert whole.teacher is not None
    assert whole.soft.row.tolist() == whole.teacher.row[16:].tolist() == list(range(32, 44))
    np.testing.assert_allclose(whole.soft.prob, (test[0] + test[1]) / 2, atol=1e-6)
    np.testing.assert_array_equal(whole.soft.prob, whole.teacher.prob[16:])
    np.testing.assert_array_equal(whole.store.images[35], school.own.test.images[3])


def test_a_student_follows_its_teacher_and_not_the_labels(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A teacher that says `class 2` of every drawing."""
    constant = np.array([0.01, 0.01, 0.97, 0.01], np.float32)
    monkeypatch.setattr(stage, "predict_rows", lambda _n, _r, _s, rows, *_: np.tile(constant, (len(rows), 1)))
    learning = {"training": {"epochs": 8}, "optimizer": {"lr": 5e-3}, "transforms": {"policy": "none"}}
    school = School(place, {"distill": {"weight": 1.0, "temperature": 1.0, "student": learning}})
    taught = school.teach(tmp_path / "taught")
    assert taught.oof.argmax(axis=1).tolist() == [2] * 16
    assert taught.oof[:, 2].mean() > 0.8


def test_killed_it_goes_on_with_what_the_teacher_said(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    school = School(place, {})
    whole = school.teach(tmp_path / "whole")
    folder = RunFolder(tmp_path / "killed").fold("a+distilled", 0)

    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(members_stage, "fit_soup", kill)
        with pytest.raises(KeyboardInterrupt):
            school.teach(tmp_path / "killed")
    assert (folder / "teacher.npz").is_file()
    with monkeypatch.context() as patch:
        patch.setattr(stage, "load_network", kill)  # no teacher is asked again
        resumed = school.teach(tmp_path / "killed")
    np.testing.assert_array_equal(resumed.oof, whole.oof)
    assert not (folder / "teacher.npz").exists()


def test_the_command_line(place: Path, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
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
                one = read_fold(RunFolder(target).fold(member, number))
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
    assert steps[-1]["name"] == "a+distilled alone, against its teacher"

    status, table, _ = cli("predict", target, place / "data" / "test.csv", "--distilled")
    assert status == 0
    expected = np.mean([read_fold(folder).test for folder in folders], axis=0)
    shown = [float(line.split(",")[3]) for line in table.splitlines()[1:]]
    np.testing.assert_allclose(shown, expected.max(axis=1), atol=2e-6)
    assert cli("predict", target, place / "data" / "test.csv", "--distilled", "--sets", "0.9")[0] == 2

    status, printed, _ = cli("export", target, "--member", "a+distilled", "--out", tmp_path / "student.onnx")
    assert status == 0
    assert "derived/a+distilled/fold0" in printed
    assert (tmp_path / "student.onnx").is_file()

    with monkeypatch.context() as patch:  # nothing is done twice
        patch.setattr(members_stage, "fit_soup", None)
        patch.setattr(stage, "measure_cost", None)
        assert cli("distill", target)[0] == 0
    assert json.loads((target / "ensemble" / "distilled.json").read_text()) == written

    with monkeypatch.context() as patch:  # a soup of the folds has seen every row: it answers, and does not teach
        patch.setattr(members_stage, "fit_soup", None)
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
    cost = Cost("cpu", 1, 128, 4, 2, 4_000_000, 1_500_000, (10.0, 5.0, 10.0), (30.0, 20.0, 40.0))
    assert cost.times_as_fast == 4.0
    assert str(cost) == (
        "30 images/s by 2 networks (1.5 M parameters), the whole ensemble 10 by 4 networks (4.0 M parameters): "
        "4.0 times as fast"
    )


def test_converting_a_network_is_not_timed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The backend takes long to convert its network at the first batch, and no time afterwards."""
    school = School(place, {})
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

    def timed_network(teacher_member: TeacherMember, count: int) -> TimedNetwork:
        network = load_network(school.run.fold(teacher_member.folder, 0), teacher_member.recipe, 4)
        return TimedNetwork(network, teacher_member.recipe, teacher_member.inputs.train, ("identity",), count)

    first, second = (timed_network(teacher_member, 2) for teacher_member in school.teacher_members)
    cost = cost_module.measure_cost(
        [first, second], timed_network(school.teacher_members[0], 1), np.arange(32), school.engine, 8
    )
    assert len(made) == 3
    assert min(cost.student_rates) > 8 / 0.5
    assert (cost.ensemble_networks, cost.ensemble_parameters) == (4, first.parameters + second.parameters)
    assert first.parameters == 2 * sum(one.numel() for one in first.network.model.parameters())
