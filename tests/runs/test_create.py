from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.runs.create import check_kind, has_same_networks, kind_of, open_run
from sketchfit.runs.folder import RunFolder, default_name
from sketchfit.runs.state import Kind, State

RECIPE = load_recipe("cpu")


def state(kind: Kind | None = "run", table_id: str = "t") -> State:
    return State(
        kind=kind,
        data=Path("/nowhere/data"),
        source=Path("/nowhere/data"),
        table_id=table_id,
        class_names=("ant", "bee"),
        class_labels=("1", "2"),
        rows={"train": 3, "test": 1},
        test_names=("x.png",),
    )


def trained(run: RunFolder) -> RunFolder:
    place = run.fold("m", 0)
    place.mkdir(parents=True)
    (place / "last.ckpt").write_bytes(b"")
    return run


def test_a_new_folder_holds_recipe_state_and_environment(tmp_path):
    run = open_run(tmp_path / "run", RECIPE, state())
    assert {path.name for path in run.path.iterdir()} == {"recipe.yaml", "state.json", "environment.json"}
    stored = json.loads(run.state.read_text())
    assert list(stored)[:2] == ["version", "format"]
    assert (stored["kind"], stored["format"], stored["data"]) == ("run", State.VERSION, "/nowhere/data")
    assert State.read(run.path).made_by == stored["version"] != ""


def test_the_same_recipe_and_table_come_back_to_a_training(tmp_path):
    run = trained(open_run(tmp_path, RECIPE, state()))
    free = RECIPE.model_copy(update={"report": RECIPE.report.model_copy(update={"gallery": 3})})
    assert open_run(tmp_path, free, state()) == run
    assert run.has_training()


@pytest.mark.parametrize(
    ("overrides", "table_id", "named"), [(["training.epochs=99"], "t", "training.epochs"), ([], "other", "table")]
)
def test_another_recipe_or_table_is_refused_once_something_is_trained(tmp_path, overrides, table_id, named):
    open_run(tmp_path, RECIPE, state())
    other = load_recipe("cpu", overrides)
    run = trained(open_run(tmp_path, other, state(table_id=table_id)))  # nothing was trained yet
    with pytest.raises(UserError) as caught:
        open_run(tmp_path, RECIPE, state())
    assert named in caught.value.problems[0]
    open_run(tmp_path, RECIPE, state(), fresh=True)
    assert not run.has_training()


@pytest.mark.parametrize("kind", ["run", "fit", "ensemble"])
@pytest.mark.parametrize("wanted", ["run", "fit", "ensemble"])
def test_a_folder_of_another_kind_is_refused_before_anything_is_written(tmp_path, kind, wanted):
    run = open_run(tmp_path, RECIPE, state(kind))
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    if kind == wanted:
        open_run(tmp_path, RECIPE, state(wanted))
        return
    with pytest.raises(UserError) as caught:
        open_run(tmp_path, RECIPE, state(wanted))
    assert f"sketchfit {kind}" in caught.value.problems[0]
    assert f"sketchfit {wanted}" in caught.value.problems[0]
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert kind_of(run) == kind


def test_kinds_of_old_folders_are_recognised_by_their_files(old):
    assert [kind_of(RunFolder(old / name)) for name in ("run", "fit", "both")] == ["run", "fit", "ensemble"]
    (old / "run" / "folds.parquet").unlink()  # killed in the audit
    assert kind_of(RunFolder(old / "run")) == "run"
    shutil.rmtree(old / "fit" / "members")  # killed before training
    assert kind_of(RunFolder(old / "fit")) is None
    check_kind(RunFolder(old / "fit"), "run")


def test_another_folder_is_left_alone(tmp_path):
    (tmp_path / "photo.jpg").write_bytes(b"")
    with pytest.raises(UserError):
        open_run(tmp_path, RECIPE, state())
    with pytest.raises(UserError):
        open_run(tmp_path, RECIPE, state(), fresh=True)
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]


@pytest.mark.parametrize("name", ["scout.json", "search.html", "trials/0/log.txt"])
def test_the_folder_of_another_command_with_a_recipe_is_left_alone(tmp_path, name):
    RunFolder(tmp_path).write_recipe(RECIPE)
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("{}")
    with pytest.raises(UserError, match="holds no run"):
        open_run(tmp_path, RECIPE, state())
    assert not RunFolder(tmp_path).state.exists()


def test_a_run_that_was_killed_before_its_state_was_written_is_continued(tmp_path):
    RunFolder(tmp_path).write_recipe(RECIPE)
    assert open_run(tmp_path, RECIPE, state()).state.is_file()


def test_half_written_files_of_dead_processes_go(tmp_path):
    run = trained(open_run(tmp_path, RECIPE, state()))
    dead, alive = (run.fold("m", 0) / f".oof.npz.{process}.part" for process in (2**22 + 1, os.getpid()))
    for path in (dead, alive):
        path.write_bytes(b"half")
    open_run(tmp_path, RECIPE, state())
    assert (dead.exists(), alive.exists()) == (False, True)


def test_a_run_is_named_after_its_data_and_recipe():
    assert default_name("recipes/mine.yaml", Path("/x/drawings")) == Path("runs/drawings-mine")


def test_settings_that_change_results_have_a_folder_of_their_own():
    data = Path("/x/drawings")
    plain = default_name("cpu", data)
    assert plain == Path("runs/drawings-cpu")
    names = {
        default_name("cpu", data, overrides)
        for overrides in (["training.epochs=3"], ["training.epochs=4"], ["seed=5"], ["calibration.method=none"])
    }
    assert len(names - {plain}) == 4
    assert default_name("cpu", data, ["training.epochs=3"]) == default_name("cpu", data, {"training": {"epochs": 3}})
    assert default_name("cpu", data, ["report.gallery=3", "tracking.progress=none"]) == plain
    assert default_name("cpu", data, [f"training.epochs={RECIPE.training.epochs}"]) == plain


def test_settings_in_place_of_a_recipe_have_a_folder_of_their_own() -> None:
    data, settings = Path("/x/drawings"), {"training": {"epochs": 3}}
    names = [default_name(given, data) for given in ({}, settings, {"training": {"epochs": 4}})]
    assert names[0] == Path("runs/drawings-custom")
    assert len(set(names)) == 3
    assert (
        default_name({}, data, ["training.epochs=3"])
        == names[1]
        == default_name(load_recipe(settings).settings(), data)
    )


def test_a_recipe_that_its_overrides_correct_has_a_name(tmp_path):
    (tmp_path / "mine.yaml").write_text("training: {epochs: -1}")
    name = default_name(tmp_path / "mine.yaml", Path("/x/drawings"), ["training.epochs=2"])
    assert name.name.startswith("drawings-mine-")


def test_a_run_with_the_same_training_is_recognised(tmp_path):
    open_run(tmp_path, RECIPE, state())
    assert has_same_networks(tmp_path, load_recipe("cpu", ["report.gallery=3", "calibration.method=none"]))
    assert not has_same_networks(tmp_path, load_recipe("cpu", ["training.epochs=3"]))
    assert not has_same_networks(tmp_path / "nothing", RECIPE)
