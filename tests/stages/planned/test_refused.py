"""A run with a deadline whose continuation is refused stays as it was."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from sketchfit.commands.run_in_time import planned_recipe
from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.planning.goal import Goal
from sketchfit.runs.artefacts import RunClock, RunPlan
from sketchfit.runs.folder import RunFolder
from sketchfit.runs.recipe import read_settings
from sketchfit.stages.planned.prepare import check_goal
from sketchfit.stages.planned.run import run_planned
from sketchfit.stages.planned.start import start_planned
from sketchfit.stages.start import RunRequest
from sketchfit.tracking.dispatcher import Dispatcher
from tests.factories import tiny_recipe
from tests.stages.planned.timed_run import SECONDS, Steps

WRITTEN = ("recipe.yaml", "inputs.parquet", "state.json", "environment.json")
"""What an earlier version wrote, and a continuation writes again."""


pytestmark = pytest.mark.usefixtures("rates")


@pytest.fixture
def earlier(finished: Path, tmp_path: Path) -> Path:
    """The run as an earlier version wrote it: no rows of the tables, and a recipe without checksum."""
    out = Path(shutil.copytree(finished, tmp_path / "run"))
    run = RunFolder(out)
    run.inputs.unlink()
    run.recipe.write_text("# written by an earlier version\n" + run.recipe.read_text().split("\n", 1)[1])
    assert read_settings(run.recipe)
    return out


def _files(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in WRITTEN if (out / name).is_file()}


def _continue(data: Path, out: Path, goal: Goal, strict: bool = False, **changes: Any) -> None:
    settings = load_recipe(planned_recipe(tiny_recipe()), {"folds": {"k": 3}, **changes})
    request = RunRequest(data, settings, out, strict)
    run_planned(start_planned(request, goal, Dispatcher(), Steps(), check=check_goal), goal)


def _change_image(data: Path, out: Path) -> None:
    """A test image cannot be read, and the run is strict."""
    next((data / "test").glob("*.*")).write_bytes(b"no image")


def _damage_clock(data: Path, out: Path) -> None:
    (out / RunClock.PLACE).write_text("{")


def _change_label(data: Path, out: Path) -> None:
    """Two rows of the training table change their labels, and the table its digest."""
    lines = (data / "train.csv").read_text().splitlines()
    first, last = lines[1].rsplit(",", 1), lines[-1].rsplit(",", 1)
    lines[1], lines[-1] = f"{first[0]},{last[1]}", f"{last[0]},{first[1]}"
    (data / "train.csv").write_text("\n".join(lines) + "\n")


def _nothing(data: Path, out: Path) -> None:
    pass


REFUSALS: dict[str, tuple[Any, dict[str, Any]]] = {
    "candidate": (_nothing, {"goal": Goal(SECONDS, candidates=("nowhere/other.safetensors",))}),
    "image": (_change_image, {"strict": True}),
    "clock": (_damage_clock, {}),
    "table": (_change_label, {}),
    "setting": (_nothing, {"training": {"batch": 3}}),
    "folds": (_nothing, {"folds": {"k": 3, "train": [7]}}),
}


@pytest.mark.parametrize("name", list(REFUSALS))
def test_nothing_is_rewritten_where_a_continuation_is_refused(name: str, drawn: Path, earlier: Path, tmp_path: Path):
    data = Path(shutil.copytree(drawn, tmp_path / "data"))
    change, given = REFUSALS[name]
    change(data, earlier)
    before, plan = _files(earlier), RunPlan.read(earlier)
    with pytest.raises(UserError):
        _continue(data, earlier, **{"goal": Goal(SECONDS), **given})
    assert _files(earlier) == before
    assert "inputs.parquet" not in before
    if name != "image":
        assert RunPlan.read(earlier) == plan


def test_a_continuation_that_is_not_refused_writes_what_is_missing(drawn: Path, earlier: Path, finished: Path):
    _continue(drawn, earlier, Goal(SECONDS))
    after = _files(earlier)
    assert after["inputs.parquet"] == _files(finished)["inputs.parquet"]
    assert after["recipe.yaml"].startswith(b"# checksum")
