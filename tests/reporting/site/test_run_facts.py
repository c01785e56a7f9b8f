"""Facts at the head of pages: from the files of the run, and nothing where they are missing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sketchfit.reporting.site.run_facts import options_of, run_facts, shown_command
from sketchfit.runs.artefacts import Environment
from sketchfit.runs.run import Run
from tests.reporting.conftest import make_run

__all__ = ["make_run"]


@pytest.mark.parametrize(
    ("recorded", "shown"),
    [
        ("__main__.py run data", "sketchfit run data"),
        ("sketchfit run data", "sketchfit run data"),
        ("train.py data", "train.py data"),
        ("", ""),
    ],
)
def test_commands_are_shown_as_they_are_typed(recorded: str, shown: str) -> None:
    assert shown_command(recorded) == shown


def test_values_of_options_are_found_in_both_forms() -> None:
    assert options_of("sketchfit run 'my data' -r mine.yaml --set a=1 --set=b=2", "--set", "-s") == ["a=1", "b=2"]
    assert options_of("sketchfit run 'my data' -r 'a b.yaml'", "--recipe", "-r") == ["a b.yaml"]
    assert options_of("sketchfit run 'cut off", "--set") == []


def test_the_facts_are_those_of_the_run(make_run: Callable[..., Path]) -> None:
    folder = make_run()
    Environment(
        python="3.12.1", command="__main__.py run data --set folds.k=2", packages={"torch": "2.1", "timm": None}
    ).write(folder)
    os.utime(folder / "ensemble" / "oof.npz", (1_700_000_000, 1_700_000_000))
    found = run_facts(Run.open(folder))
    facts = dict(found.facts)
    assert facts["Made"].startswith("2023-11-1")
    assert "6 classes" in facts["Data"]
    assert "2 folds" in facts["Networks"]
    assert facts["Recipe"] == "cpu, 1 setting changed"
    assert found.command == "sketchfit run data --set folds.k=2"
    assert found.versions == "torch 2.1, Python 3.12.1"


def test_a_run_without_its_environment_has_facts(make_run: Callable[..., Path]) -> None:
    folder = make_run()
    (folder / "environment.json").unlink()
    found = run_facts(Run.open(folder))
    assert found.command == ""
    assert {"Made", "Data", "Networks"} == {name for name, _ in found.facts}


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("sketchfit run data -r mine.yaml", "mine.yaml"),
        ("sketchfit run data", "cpu"),
        ("sketchfit run data --time 18m", None),
        ("sketchfit run data --quality=good", None),
        ("train.py", None),
        ("sketchfit ensemble a b --out c", None),
    ],
)
def test_the_recipe_is_named_where_the_command_shows_it(
    make_run: Callable[..., Path], command: str, shown: str | None
) -> None:
    folder = make_run()
    Environment(python="3.12.1", command=command).write(folder)
    assert dict(run_facts(Run.open(folder)).facts).get("Recipe") == shown
