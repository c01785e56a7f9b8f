"""What is not finished is not used without a note."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.runs.artefacts import PlannedUnit, RunClock, RunPlan
from sketchfit.runs.estimates import Estimate
from sketchfit.runs.finished import open_finished, what_is_missing
from sketchfit.runs.inputs import read_inputs, write_inputs
from sketchfit.runs.networks import Done
from sketchfit.runs.run import Run
from tests.factories import Cli


@pytest.fixture
def run(plain: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(plain, tmp_path / "copy" / "run"))


def network(run: Path, fold: int) -> Path:
    (found,) = run.glob(f"members/*/fold{fold}")
    return found


def unfinished(run: Path, stage: str) -> None:
    """What a kill at a stage leaves."""
    if stage != "report":
        (run / "finished.json").unlink()
    if stage in ("second fold", "first fold"):
        shutil.rmtree(run / "ensemble")
        (network(run, 1) / "done.json").unlink()
    if stage == "first fold":
        (network(run, 0) / "done.json").unlink()


def test_a_finished_run_lacks_nothing(run: Path, old: Path) -> None:
    assert open_finished(run)[1] == ()
    assert [what_is_missing(Run.open(old / name)) for name in ("run", "fit", "both")] == ["", "", ""]


@pytest.mark.parametrize(
    ("stage", "named"), [("second fold", "fold1"), ("first fold", "fold0"), ("last stages", "after training")]
)
def test_what_is_missing_is_named(run: Path, stage: str, named: str) -> None:
    unfinished(run, stage)
    with pytest.raises(UserError) as caught:
        open_finished(run)
    assert named in caught.value.problems[0]
    assert "--partial" in caught.value.hint
    _, (note,) = open_finished(run, partial=True)
    assert named in note
    assert ("folds 0, 1" in note) == (stage == "last stages")


@pytest.mark.parametrize(
    ("change", "is_finished"),
    [
        ({"calibration": {"method": "temperature"}}, False),
        ({"report": {"gallery": 3}}, True),
        ({"tracking": {"every": 7}}, True),
        ({"distill": {"enabled": True}}, True),
        ({"data": {"missing": "error"}}, True),
    ],
)
def test_only_settings_that_decide_the_answers_count(run: Path, change: dict[str, Any], is_finished: bool) -> None:
    opened = Run.open(run)
    opened.folder.write_recipe(load_recipe(opened.recipe.model_dump(mode="json"), change))
    lacks = what_is_missing(Run.open(run))
    assert (lacks == "") == is_finished
    assert is_finished or "settings" in lacks


def test_other_rows_are_not_those_of_the_answers(run: Path) -> None:
    train, test = read_inputs(run / "inputs.parquet") or pytest.fail("there are rows")
    content = test.content + np.uint64(1)
    write_inputs(run / "inputs.parquet", train, replace(test, content=content))
    assert "images" in what_is_missing(Run.open(run))


def test_a_run_with_a_deadline_has_the_answers_of_its_rows(run: Path) -> None:
    RunPlan(seconds=60.0, finished_at=50.0).write(run)
    assert what_is_missing(Run.open(run)) == ""
    train, test = read_inputs(run / "inputs.parquet") or pytest.fail("there are rows")
    write_inputs(run / "inputs.parquet", train, replace(test, content=test.content + np.uint64(1)))
    assert "images" in what_is_missing(Run.open(run))


@pytest.mark.parametrize(
    "name", ["views.json", "weights.json", "calibration.json", "oof.npz", "test.npz", "steps.json"]
)
def test_an_incomplete_copy_answers_nothing(run: Path, drawn: Path, cli: Cli, name: str) -> None:
    (run / "ensemble" / name).unlink()
    status, printed, errors = cli("predict", run, next(drawn.glob("test/*.*")))
    assert (status, printed, f"ensemble/{name}" in errors) == (2, "", True)


def test_a_network_that_is_deleted_is_missing(run: Path) -> None:
    shutil.rmtree(network(run, 1))
    assert "fold1" in what_is_missing(Run.open(run))


def test_an_old_run_is_finished_with_its_answers(run: Path) -> None:
    """Also after a command of this version that was refused, and has written the rows."""
    (run / "finished.json").unlink()
    for path in run.glob("members/*/*/done.json"):
        Done.read(path.parent).model_copy(update={"test": ""}).write(path.parent)
    assert open_finished(run)[1] == ()
    (run / "ensemble" / "oof.npz").unlink()
    with pytest.raises(UserError):
        open_finished(run)


@pytest.mark.parametrize(
    ("finished_at", "used", "is_finished"), [(58.0, 58.0, True), (None, 20.0, False), (None, 60.0, True)]
)
def test_a_run_with_a_deadline_ends_with_its_time(
    run: Path, finished_at: float | None, used: float, is_finished: bool
) -> None:
    unit = PlannedUnit(key="a", kind="bank", member="a", status="done")
    answer = {"at": 5.0, "top1": Estimate(0.5, 0.4, 0.6, 32), "networks": 2, "members": ("a",)}
    RunPlan.model_validate({"seconds": 60.0, "units": (unit,), "answers": (answer,), "finished_at": finished_at}).write(
        run
    )
    RunClock(used=used).write(run)
    lacks = what_is_missing(Run.open(run))
    assert (lacks == "") == is_finished
    assert is_finished or "1 unit" in lacks


def test_no_command_uses_an_unfinished_run_without_a_note(run: Path, plain: Path, drawn: Path, cli: Cli) -> None:
    unfinished(run, "last stages")
    image, out = next(drawn.glob("test/*.*")), run.parent
    commands = {
        "predict": (run, image, "--out", out / "labels.csv"),
        "export": (run, "--out", out / "model.onnx", "--fold", 0),
        "submit": (run,),
        "score": (run, drawn / "test_labels.csv"),
        "report": (run,),
        "compare": (plain, run, "--out", out / "compare.html"),
        "ensemble": (plain, run, "--out", out / "both"),
    }
    for name, arguments in commands.items():
        status, _, errors = cli(name, *arguments)
        assert (name, status, "is not finished" in errors) == (name, 2, True)
    for name in ("labels.csv", "model.onnx", "compare.html", "both"):
        assert not (out / name).exists()
    for name in ("predict", "submit", "score", "compare", "ensemble"):
        status, printed, errors = cli(name, *commands[name], "--partial")
        assert (name, status) == (name, 0), errors
        assert "is not finished" in printed + errors


def test_the_same_command_finishes_it(run: Path, drawn: Path, tiny_file: Path, cli: Cli) -> None:
    unfinished(run, "second fold")
    assert cli("run", drawn, "--recipe", tiny_file, "--out", run)[0] == 0
    assert open_finished(run)[1] == ()
    marked = json.loads((run / "finished.json").read_text())
    assert marked["table_id"] == Run.open(run).table.table_id
