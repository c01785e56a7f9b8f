from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from sketchfit.config.load import load_recipe
from sketchfit.reporting.kit.commands import next_command, shown_path
from sketchfit.runs.artefacts import CopyOf
from sketchfit.runs.run import Run


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


def test_the_recipe_of_a_run_is_one_that_the_command_reads(make_run: Callable[..., Path]) -> None:
    run = Run.open(make_run())
    words = shlex.split(next_command(run, ["training.epochs=16"]))
    recipe = load_recipe(words[words.index("--recipe") + 1], [words[words.index("--set") + 1]])
    assert recipe.training.epochs == 16
    assert recipe.model == run.recipe.model


def test_of_a_snapshot_the_folder_is_named_that_it_was_copied_from(
    make_run: Callable[..., Path], tmp_path: Path
) -> None:
    copy = make_run("run")
    CopyOf(folder=tmp_path / "home" / "run").write(copy)
    words = shlex.split(next_command(Run.open(copy)))
    assert words[words.index("--recipe") + 1] == str(tmp_path / "home" / "run" / "recipe.yaml")
    assert words[words.index("--out") + 1] == str(tmp_path / "home" / "run-next")


def test_the_same_folder_and_other_options(make_run: Callable[..., Path]) -> None:
    run = Run.open(make_run())
    command = next_command(run, name=None, options=("--relabel", "a b.csv"))
    assert command.endswith(f"--out {run.path}")
    assert "--relabel 'a b.csv'" in command
