"""The plan of a folder for a request: the same one continues its time, another one has its time in addition."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch

from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.planning.book import PlanBook
from sketchfit.planning.goal import Goal
from sketchfit.planning.quality import quality_seconds
from sketchfit.runs.artefacts import RunClock, RunPlan
from sketchfit.stages.planned.more_folds import FOLDS
from sketchfit.stages.planned.start import _book, _check_same, with_time
from tests.factories import make_table

FIRST, SECOND = Goal(600.0), Goal(1200.0)
USED = 570.0
"""Seconds of the first request."""


def _open(folder: Path, goal: Goal) -> PlanBook:
    """Open the plan as a new process does, at 0 of its clock."""
    context = cast(Any, SimpleNamespace(run=SimpleNamespace(path=folder), recipe=load_recipe("cpu")))
    return _book(context, goal, RunPlan.find(folder), 0.0, lambda: 0.0)


def _finished(folder: Path, goal: Goal) -> None:
    """Write the files of a finished run."""
    _open(folder, goal).change(finished_at=USED)
    RunClock(used=USED).write(folder)


def test_a_further_request_is_not_finished_and_continues_after_a_kill(tmp_path: Path):
    _finished(tmp_path, FIRST)
    book = _open(tmp_path, SECOND)
    assert (book.plan.requested, book.plan.seconds, book.plan.finished_at) == (1200.0, USED + 1200.0, None)
    assert book.deadline.until(1.0) == 1200.0
    RunClock(used=USED + 300.0).write(tmp_path)
    book = _open(tmp_path, SECOND)
    assert book.plan.finished_at is None
    assert book.plan.seconds == USED + 1200.0
    assert book.deadline.until(1.0) == 900.0


def test_the_same_request_stays_finished(tmp_path: Path):
    _finished(tmp_path, FIRST)
    assert _open(tmp_path, FIRST).plan.finished_at == USED


def test_a_quality_continues_on_other_cores(tmp_path: Path):
    _open(tmp_path, Goal(600.0, quality="good"))
    RunClock(used=100.0).write(tmp_path)
    assert _open(tmp_path, Goal(1200.0, quality="good")).deadline.until(1.0) == 500.0
    assert _open(tmp_path, Goal(1200.0, quality="best")).deadline.until(1.0) == 1200.0


def test_a_time_of_the_day_is_the_same_in_a_folder_of_an_earlier_version(tmp_path: Path):
    end = datetime.now() + timedelta(hours=1)
    goal = Goal(3600.0, end.astimezone().isoformat())
    RunPlan(seconds=3600.0, until=end.isoformat(), finished_at=USED).write(tmp_path)
    book = _open(tmp_path, goal)
    assert (book.plan.finished_at, book.plan.seconds, book.deadline.ends) == (USED, 3600.0, goal.ends)
    assert book.deadline.until(1.0) == pytest.approx(3600.0, abs=60.0)
    later = (end + timedelta(days=1)).astimezone().isoformat()
    assert _open(tmp_path, Goal(25 * 3600.0, later)).plan.finished_at is None


def test_other_candidates_are_another_request(tmp_path: Path):
    small, large = (replace(FIRST, candidates=(name,)) for name in ("resnet18", "weights/large"))
    _open(tmp_path, small)
    RunClock(used=100.0).write(tmp_path)
    book = _open(tmp_path, large)
    assert "other candidates: weights/large" in book.plan.decisions[-2].text
    assert book.plan.candidates == large.candidates
    assert book.deadline.until(1.0) == 500.0, "the time of the request is not over"
    _finished(tmp_path, large)
    assert _open(tmp_path, replace(large, candidates=("weights/large/",))).plan.finished_at == USED
    book = _open(tmp_path, small)
    assert book.plan.finished_at is None
    assert book.deadline.until(1.0) == FIRST.seconds


def test_a_plan_of_an_earlier_version_has_one_request(tmp_path: Path):
    RunPlan(seconds=600.0, finished_at=USED).write(tmp_path)
    RunClock(used=USED).write(tmp_path)
    assert _open(tmp_path, FIRST).plan.finished_at == USED
    assert _open(tmp_path, SECOND).plan.finished_at is None


def test_the_folds_of_an_earlier_version_are_those_of_this_one(tmp_path: Path):
    table = make_table(train={f"train/{number}.png": number % 3 for number in range(30)})
    context = cast(Any, SimpleNamespace(run=SimpleNamespace(path=tmp_path), recipe=load_recipe("cpu"), table=table))

    def base(changes: dict[str, Any]) -> RunPlan:
        return RunPlan(seconds=600.0, base=load_recipe("cpu", changes).model_dump(mode="json"), members={"a": {}})

    _check_same(context, base({}))
    _check_same(context, base({"folds": {"k": FOLDS}}))
    with pytest.raises(UserError, match=r"folds\.k"):
        _check_same(context, base({"folds": {"k": 4}}))


def test_the_time_of_a_quality_is_by_the_cores_that_the_process_may_use(monkeypatch: pytest.MonkeyPatch):
    table = make_table(train={f"train/{number}.png": number % 3 for number in range(3000)})
    engine = SimpleNamespace(device=torch.device("cpu"))
    context = cast(Any, SimpleNamespace(table=table, engine=engine))
    found = []
    for number in (2, 16):
        monkeypatch.setattr("sketchfit.stages.planned.start.cores", lambda number=number: number)
        found.append(with_time(Goal(0.0, quality="good"), context).seconds)
    images = len(table.train) + len(table.test)
    assert found == [quality_seconds("good", images, cores=number, on_gpu=False) for number in (2, 16)]
