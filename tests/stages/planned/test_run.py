"""Runs with a deadline on drawn data with tiny networks; the clock moves by a fixed step each time it is read."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import load_file

from sketchfit import Run
from sketchfit.api.predict import predict
from sketchfit.api.report import report
from sketchfit.api.run import run
from sketchfit.commands.distill import distill as continue_with_student
from sketchfit.commands.pseudo_label import pseudo_label
from sketchfit.commands.run_in_time import planned_recipe
from sketchfit.config.load import load_recipe
from sketchfit.config.parse import parse_recipe
from sketchfit.errors import UserError
from sketchfit.models.finite import NoNumbersError
from sketchfit.planning.goal import Goal
from sketchfit.planning.ladder import ladder
from sketchfit.runs.artefacts import PseudoLabelRounds, RunClock, RunPlan
from sketchfit.runs.networks import NetworkFolder
from sketchfit.stages.planned.prepare import backbones, check_members, prepare
from sketchfit.stages.planned.start import start_planned
from sketchfit.stages.start import RunRequest
from sketchfit.synthetic import draw_dataset
from sketchfit.tracking.dispatcher import Dispatcher
from sketchfit.training import fold
from tests.factories import tiny_recipe
from tests.stages.planned.timed_run import SECONDS, Interrupted, Steps, start_run

pytestmark = pytest.mark.usefixtures("rates")


def test_a_run_starts_with_a_bank_answer_and_trains_networks(finished: Path):
    plan = RunPlan.read(finished)
    done = [unit for unit in plan.units if unit.status == "done"]
    assert done[0].kind == "bank"
    assert any(unit.kind == "network" and unit.epochs >= 3 for unit in done)
    assert plan.answers[0].at < plan.answers[-1].at
    assert plan.answers[0].networks == 3
    assert plan.expected is not None
    assert plan.expected.low < plan.expected.value < plan.expected.high
    assert plan.finished_at is not None
    assert plan.finished_at <= SECONDS
    assert RunClock.read(finished).used <= SECONDS
    assert len(pd.read_csv(finished / "submission.csv")) == 12


def test_the_recipe_has_the_members_that_were_trained(finished: Path, drawn: Path):
    run, plan = Run.open(finished), RunPlan.read(finished)
    assert set(run.members) == {unit.member for unit in plan.units if unit.status == "done"}
    for unit in plan.units:
        if unit.status == "done" and unit.kind == "network":
            assert len(run.history(unit.member, unit.fold or 0)) == unit.epochs
    found = predict(finished, drawn / "test")
    expected = pd.read_csv(finished / "submission.csv")
    best = np.sort(run.test().prob, axis=1)
    clear = best[:, -1] - best[:, -2] > 0.01  # heads on stored features differ by rounding
    assert found["label"].astype(str)[clear].tolist() == expected["target"].astype(str)[clear].tolist()


def test_the_same_request_does_nothing_more_and_another_one_continues(drawn: Path, finished: Path, tmp_path: Path):
    out = Path(shutil.copytree(finished, tmp_path / "run"))
    before = RunPlan.read(out)
    start_run(drawn, out, Steps())
    again = RunPlan.read(out)
    assert again.units == tuple(unit for unit in before.units if unit.status != "waiting")
    start_run(drawn, out, Steps(), seconds=SECONDS + 2)
    more = RunPlan.read(out)
    assert more.units[: len(again.units)] == again.units
    assert len(more.units) > len(again.units)
    assert RunClock.read(out).used > RunClock.read(finished).used


def test_changed_test_images_are_predicted_again_and_changed_training_images_refused(
    drawn: Path, finished: Path, tmp_path: Path
):
    out = Path(shutil.copytree(finished, tmp_path / "run"))
    data = Path(shutil.copytree(drawn, tmp_path / "data"))
    images = sorted((data / "test").glob("*.*"))
    images[0].write_bytes(images[5].read_bytes())
    row = [Path(name).name for name in Run.open(out).table.test_names].index(images[0].name)
    before = {path: path.read_bytes() for path in sorted((out / "members").rglob("*.safetensors"))}
    answers = Run.open(out).test().prob
    start_run(data, out, Steps())
    assert {path: path.read_bytes() for path in sorted((out / "members").rglob("*.safetensors"))} == before
    again = Run.open(out).test().prob
    changed = np.abs(again - answers).max(axis=1) > 1e-3
    assert np.flatnonzero(changed).tolist() == [row]
    for networks in Run.open(out).trained.values():
        for one in networks:
            test = one.probabilities("test").prob
            same = [Path(name).name for name in Run.open(out).table.test_names].index(images[5].name)
            np.testing.assert_allclose(test[row], test[same], atol=1e-3)
    train = sorted((data / "train").rglob("*.*"))
    train[0].write_bytes(train[-1].read_bytes())
    with pytest.raises(UserError) as caught:
        start_run(data, out, Steps())
    assert any(train[0].name in problem for problem in caught.value.problems)


@pytest.mark.slow
def test_networks_that_were_deleted_are_trained_again(drawn: Path, finished: Path, tmp_path: Path):
    out = Path(shutil.copytree(finished, tmp_path / "run"))
    units = [unit for unit in RunPlan.read(out).units if unit.status == "done"]
    network = next(unit for unit in units if unit.kind == "network")
    bank = next(unit for unit in units if unit.kind == "bank")
    lost = [NetworkFolder(out / "members" / unit.member / f"fold{unit.fold or 0}") for unit in (network, bank)]
    for folder in lost:
        shutil.rmtree(folder.path)
    start_run(drawn, out, Steps(), seconds=1.5 * SECONDS)
    done = {unit.key for unit in RunPlan.read(out).units if unit.status == "done"}
    assert {network.key, bank.key} <= done
    assert all(folder.is_done() for folder in lost)


@pytest.mark.slow
def test_an_interrupted_run_ends_with_the_bits_that_its_records_name(drawn: Path, tmp_path: Path):
    out, moment, clock = tmp_path / "run", 3.5, Steps(until=3.5)
    with pytest.raises(Interrupted):
        start_run(drawn, out, clock)
    before = RunPlan.read(out)
    started = [unit for unit in before.units if unit.status == "started"]
    assert [unit.kind for unit in started] == ["network"], "the moment is within a training"
    assert (out / "members" / started[0].member / f"fold{started[0].fold}").is_dir()
    assert RunClock.read(out).used <= moment + 0.1
    start_run(drawn, out, Steps())
    after = RunPlan.read(out)
    assert after.finished_at is not None
    assert after.finished_at <= SECONDS
    (unit,) = [one for one in after.units if one.key == started[0].key]
    assert (unit.status, unit.epochs) == ("done", started[0].epochs)
    alone = _trained_alone(drawn, tmp_path / "alone", before.members[unit.member], unit.epochs)
    _same_network(Run.open(out).folder.network(unit.member, 0), alone)


@pytest.mark.parametrize("after", ["pseudo-label", "distill"])
def test_what_follows_a_run_keeps_its_networks(finished: Path, tmp_path: Path, after: str):
    out = Path(shutil.copytree(finished, tmp_path / "run"))
    before = {path: path.read_bytes() for path in sorted((out / "members").rglob("*.safetensors"))}
    members = {unit.member: unit for unit in RunPlan.read(out).units if unit.status == "done"}
    assert len({unit.kind for unit in members.values()}) == 2
    if after == "distill":
        continue_with_student(out, settings={"training": {"epochs": 1, "kernel": "none"}})
        assert (out / "derived").is_dir()
    else:
        pseudo_label(out, {"pseudo_label": {"threshold": 0.0}})
        assert [one.number for one in PseudoLabelRounds.read(out).rounds] == [1]
    assert {path: path.read_bytes() for path in sorted((out / "members").rglob("*.safetensors"))} == before


def test_a_run_that_has_no_network_yet_cannot_be_continued_by_what_follows(finished: Path, tmp_path: Path):
    out = Path(shutil.copytree(finished, tmp_path / "run"))
    plan = RunPlan.read(out)
    plan.model_copy(update={"units": ()}).write(out)
    with pytest.raises(UserError) as caught:
        pseudo_label(out)
    assert "has no finished network" in caught.value.problems[0]


def _trained_alone(data: Path, out: Path, settings: dict[str, Any], epochs: int) -> NetworkFolder:
    """Train the first fold of a member in a run without a deadline."""
    base = load_recipe(planned_recipe(tiny_recipe()), {"folds": {"k": 3, "train": [0]}}).model_dump(mode="json")
    member = {**settings, "training": {**settings["training"], "epochs": epochs}}
    recipe = parse_recipe({**base, "members": {"alone": member}})
    run(data, recipe.model_dump(mode="json"), out=out)
    return Run.open(out).folder.network("alone", 0)


def _same_network(one: NetworkFolder, other: NetworkFolder) -> None:
    first, second = load_file(one.weights), load_file(other.weights)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name].tobytes() != second[name].tobytes()] == []


def test_settings_that_contradict_the_members_are_refused_at_once_and_may_be_corrected(drawn: Path, tmp_path: Path):
    out = tmp_path / "run"
    with pytest.raises(UserError) as caught:
        start_run(drawn, out, Steps(), schedule="plateau")
    assert "schedule.name=plateau needs validation" in caught.value.problems[0]
    assert RunPlan.read(out).units == ()
    goal = Goal(SECONDS)
    settings = load_recipe(planned_recipe(tiny_recipe()), {"schedule": "cosine", "training": {"checkpoint": "best"}})
    start = start_planned(RunRequest(drawn, settings, out), goal, Dispatcher(), Steps())
    assert start.book.plan.base["schedule"]["name"] == "cosine"
    check_members(settings, ladder(backbones(settings, goal), on_gpu=False, views=(), mirrored=False))


def test_a_folder_of_another_run_is_refused(drawn: Path, plain: Path, finished: Path):
    with pytest.raises(UserError) as caught:
        start_run(drawn, plain, Steps())
    assert "without a deadline" in caught.value.problems[0]
    with pytest.raises(UserError) as caught:
        run(drawn, tiny_recipe(), out=finished)
    assert "holds a run with a deadline" in caught.value.problems[0]
    with pytest.raises(UserError) as caught:
        start_run(drawn, finished, Steps(), optimizer={"lr": 0.5})
    assert "optimizer.lr" in caught.value.problems[0]


@pytest.mark.parametrize("where", ["training", pytest.param("after training", marks=pytest.mark.slow)])
def test_a_network_that_diverges_costs_the_run_only_that_network(
    drawn: Path, tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
):
    def update(*_: Any) -> Any:
        return torch.tensor(torch.nan), torch.tensor(0.0)

    def write_results(context: Any, member: Any, *others: Any, **options: Any) -> None:
        if member.recipe.training.epochs:
            raise NoNumbersError("a weight is not finite")
        write(context, member, *others, **options)

    write = fold.write_results
    if where == "training":
        monkeypatch.setattr("sketchfit.training.fit.update", update)
    else:
        monkeypatch.setattr(fold, "write_results", write_results)
    out = tmp_path / "run"
    result = start_run(drawn, out, Steps())
    plan = RunPlan.read(out)
    failed = [unit for unit in plan.units if unit.status == "failed"]
    assert failed
    assert all("not finite" in unit.reason for unit in failed)
    assert {unit.kind for unit in plan.units if unit.status == "done"} == {"bank"}
    assert result.top1.n
    assert (out / "submission.csv").is_file()
    assert not any((out / "members" / unit.member).exists() for unit in failed)
    assert start_run(drawn, out, Steps()).top1 == result.top1, "it is complete"


@pytest.mark.parametrize(("groups", "folds"), [(6, 5), (12, 8)])
def test_relations_are_tested_for_the_usual_folds_and_leave_as_many_groups(
    tmp_path: Path, groups: int, folds: int, monkeypatch: pytest.MonkeyPatch
):
    def relate(context: Any, state: Any) -> Any:
        tested.append(context.recipe.folds.k)
        return replace(state, group=np.arange(len(context.table.train)) // 4 % groups)

    tested: list[int] = []
    monkeypatch.setattr("sketchfit.stages.planned.prepare.relate", relate)
    data, out = draw_dataset(tmp_path / "data", classes=3, per_class=16, test_per_class=3).out, tmp_path / "run"
    for _ in range(2):
        with pytest.raises(Interrupted):
            start_run(data, out, Steps(until=1.5), seconds=600.0, folds={"k": 5})
        assert Run.open(out).recipe.folds.k == folds
        assert len(np.unique(Run.open(out).rows.folds)) == folds
    assert tested == [5, 5]


def test_folds_of_one_group_each_are_combined_once_there_are_two(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
):
    def relate(context: Any, state: Any) -> Any:
        return replace(state, group=np.arange(len(context.table.train)) // 4 % 3)

    monkeypatch.setattr("sketchfit.stages.planned.prepare.relate", relate)
    data, out = draw_dataset(tmp_path / "data", classes=3, per_class=16, test_per_class=3).out, tmp_path / "run"
    start_run(data, out, Steps(), seconds=5.0)
    plan = RunPlan.read(out)
    (network,) = [unit for unit in plan.units if unit.status == "done" and unit.kind == "network"]
    assert len(plan.answers) > 1
    assert all(network.member not in answer.members for answer in plan.answers)
    assert plan.finished_at is not None
    report(out)
    assert len(predict(out, data / "test")) == 9
    start_run(data, out, Steps(), seconds=SECONDS)
    assert network.member in RunPlan.read(out).answers[-1].members


@pytest.mark.parametrize("until", [True, False])
def test_processes_count_sleep_where_the_run_ends_at_a_time_of_the_day(drawn: Path, tmp_path: Path, until: bool):
    settings = load_recipe(planned_recipe(tiny_recipe()), {"folds": {"k": 3}})
    end = datetime.now().astimezone() + timedelta(hours=1)
    goal = Goal(3600.0, end.isoformat() if until else "")
    start = start_planned(RunRequest(drawn, settings, tmp_path / "run"), goal, Dispatcher(), Steps())
    assert prepare(start.context, goal, start.book)._trainer._sleep_counts == until
