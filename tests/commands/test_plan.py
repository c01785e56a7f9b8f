"""`sketchfit plan` on drawings, with the smallest networks and random weights."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sketchfit.commands import plan as module
from sketchfit.commands.plan import end_line, expectation_lines, known_head, rows_of_plan
from sketchfit.commands.request import DataRequest
from sketchfit.commands.run_in_time import planned_settings
from sketchfit.config.recipe import Recipe
from sketchfit.data.table import run_state
from sketchfit.errors import UserError
from sketchfit.planning.forecast import Forecast
from sketchfit.planning.goal import Goal
from sketchfit.planning.learning_curve import HeadAccuracy
from sketchfit.runs.artefacts import PlanAnswer, PlannedUnit, RunPlan
from sketchfit.runs.estimates import Estimate
from sketchfit.stages.planned.preview import Preview
from sketchfit.stages.planned.sample_head import some_rows, with_rows
from sketchfit.synthetic import draw_dataset
from tests.factories import Cli, make_table, tiny_recipe

BANK = PlannedUnit(key="small-bank", kind="bank", member="small-bank", estimated=30.0)
NET = PlannedUnit(key="net/fold0", kind="network", member="net", fold=0, epochs=4, estimated=120.0)


def _preview(head: HeadAccuracy | None) -> Preview:
    ahead = Forecast((BANK, NET), (0.0, 0.0, 0.25), (0.0, 36.0, 162.0), 0.2)
    return Preview(300.0, 12.0, ahead, 6.0, 20.0, (), head, "measured" if head else "", {})


def _files(*folders: Path) -> Iterable[tuple[str, int]]:
    return sorted((str(path), path.stat().st_mtime_ns) for folder in folders for path in folder.rglob("*"))


def test_it_prints_a_plan_and_an_expectation_and_writes_nothing(
    tmp_path: Path, tiny_file: Path, cache: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = draw_dataset(tmp_path / "data", classes=4, per_class=20, test_per_class=3).out
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setattr("sketchfit.planning.deadline.process_start", time.monotonic)  # the tests began long ago
    before = _files(tmp_path, cache)
    status, printed, errors = cli(
        "plan",
        data,
        "--time",
        "5m",
        "--recipe",
        tiny_file,
        "--set",
        "training.batch_size=2",
        "--set",
        "tracking.progress=plain",
    )
    assert status == 0, errors
    assert _files(tmp_path, cache) == before
    assert "decoding, images per second" in printed
    units = re.findall(r"^ +([\d.]+) +([\d.]+) .*?(test_resnet\S+)", printed, re.MULTILINE)
    assert units[0][2].endswith("-bank")
    assert any("/fold" in name for _, _, name in units)
    starts = [float(begins) for begins, _, _ in units]
    assert starts == sorted(starts)
    assert starts[-1] <= 5.0
    found = re.search(r"at the end: about (\d+) % \((\d+) to (\d+)\)", printed)
    assert found is not None
    value, low, high = map(int, found.groups())
    assert low <= value <= high


def test_cells_and_expectation_with_and_without_a_known_head() -> None:
    known, unknown = _preview(HeadAccuracy(Estimate(0.5, 0.5, 0.5, 100))), _preview(None)
    assert known.begins == (12.0, 48.0, 174.0)
    assert rows_of_plan(known) == [
        ("0.2", "0.5", "first answer", "small-bank"),
        ("0.8", "2.0", "+11.1", "net/fold0, 4 epochs"),  # 50 % of errors times exp(-0.25) = 38.9 %
    ]
    assert rows_of_plan(unknown)[1][2] == "+22.1 %"
    assert "about 61 % (56 to 65)" in expectation_lines(known)[1]
    (line,) = expectation_lines(unknown)
    assert "22 % fewer errors (12 to 31)" in line


def test_an_end_after_the_time_is_marked() -> None:
    known = _preview(None)  # its last unit ends after 174 s, and the reserve is 20 s
    assert end_line(known) == "expected end: after 3 min 14 s of 5 min 00 s"
    assert "WARNING: the time is too short" in end_line(replace(known, seconds=190.0))


def test_the_first_answer_of_a_run_on_the_same_tables_is_the_head(tmp_path: Path) -> None:
    table = make_table(train={"train/a.png": 0, "train/b.png": 1})
    assert known_head(tmp_path, table) is None
    top1 = Estimate(0.4, 0.3, 0.5, 90)
    run_state(table, "run").write(tmp_path)
    RunPlan(seconds=60.0, answers=(PlanAnswer(at=1.0, top1=top1, networks=2, members=("a",)),)).write(tmp_path)
    assert known_head(tmp_path, table) == HeadAccuracy(top1)
    other = make_table(train={"train/a.png": 1, "train/b.png": 0})
    assert known_head(tmp_path, other) is None


def test_a_sample_has_all_classes_and_the_columns_of_its_rows() -> None:
    label = np.repeat(np.arange(3), [30, 60, 90])
    rows = some_rows(label, 60, seed=0)
    assert np.bincount(label[rows]).tolist() == [10, 20, 30]
    assert some_rows(label, 500, seed=0).tolist() == list(range(180))
    table = make_table(
        train={f"train/{number}.png": int(one) for number, one in enumerate(label)}, test=("test/x.png",)
    )
    table = replace(table, columns={"artist": np.array([f"p{number}" for number in range(180)])})
    part = with_rows(table, rows)
    assert part.train.names == tuple(f"{number}.png" for number in rows)
    assert part.columns["artist"].tolist() == [f"p{number}" for number in rows]
    assert len(part.test) == 0


def test_a_plan_needs_a_time(drawn: Path, cli: Cli) -> None:
    status, _, errors = cli("plan", drawn)
    assert status == 2
    assert "needs a time" in errors


def test_a_run_with_a_deadline_and_its_plan_have_the_same_folder() -> None:
    assert module.planned_folder(DataRequest(Path("some/drawings"))) == Path("runs/drawings-in-time")


def test_a_plan_has_the_settings_with_which_a_run_trains_candidates(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Recipe] = []

    def stop(_: Path, recipe: Recipe, __: Path) -> None:
        seen.append(recipe)
        raise UserError("enough")

    monkeypatch.setattr(module, "open_tables", stop)
    request, goal = DataRequest(drawn, tiny_recipe(), out=tmp_path / "run"), Goal(60.0, candidates=("resnet18",))
    with pytest.raises(UserError, match="enough"):
        module.plan(request, goal)
    assert seen == [planned_settings(request.resolved(candidates=True), candidates=True)]
