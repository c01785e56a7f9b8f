from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from sketchfit.config.load import load_recipe
from sketchfit.reporting.kit.commands import new_folder, next_command, shown_path
from sketchfit.runs.run import Run
from sketchfit.runs.snapshot import snapshot
from tests.factories import Cli


def test_paths_are_relative_inside_the_working_folder(
    make_run: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run.open(make_run("my run"))
    monkeypatch.chdir(tmp_path)
    words = shlex.split(next_command(run, ["training.epochs=16"], "epochs"))
    assert words == [
        *("sketchfit", "run", "data", "--recipe", "my run/recipe.yaml"),
        *("--set", "training.epochs=16", "--out", "my run-epochs"),
    ]
    monkeypatch.chdir(tmp_path / "my run")
    assert shown_path(run.path / "recipe.yaml") == "recipe.yaml"
    assert shown_path(tmp_path / "data") == str(tmp_path / "data")


def test_a_folder_that_is_there_is_not_used_again(tmp_path: Path) -> None:
    home = tmp_path / "run"
    assert new_folder(home, "epochs").name == "run-epochs"
    (tmp_path / "run-epochs").mkdir()
    assert new_folder(home, "epochs").name == "run-epochs-2"
    assert new_folder(tmp_path / "run-epochs", "epochs").name == "run-epochs-2"
    assert new_folder(tmp_path / "run-epochs-7", "repeats").name == "run-epochs-7-repeats"


def test_the_command_of_a_snapshot_names_the_folder_that_the_user_knows(make_run: Callable[..., Path]) -> None:
    run = make_run()
    with snapshot(run) as copy:
        command = next_command(Run.open(copy))
        assert str(copy.parent) not in command
        assert str(run.resolve() / "recipe.yaml") in command


def test_the_recipe_of_a_run_is_one_that_the_command_reads(make_run: Callable[..., Path]) -> None:
    run = Run.open(make_run())
    words = shlex.split(next_command(run, ["training.epochs=16"]))
    recipe = load_recipe(words[words.index("--recipe") + 1], [words[words.index("--set") + 1]])
    assert recipe.training.epochs == 16
    assert recipe.model == run.recipe.model


def test_the_command_is_one_that_runs(plain: Path, cli: Cli) -> None:
    words = shlex.split(next_command(Run.open(plain), ["training.epochs=3"]))
    status, _, errors = cli("check", *words[2:])
    assert status == 0, errors


def test_the_same_folder_and_other_options(make_run: Callable[..., Path]) -> None:
    run = Run.open(make_run())
    command = next_command(run, name=None, options=("--relabel", "a b.csv"))
    assert command.endswith(f"--out {run.path}")
    assert "--relabel 'a b.csv'" in command
