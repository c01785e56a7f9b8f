"""Options that are given once per value."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import typer

from sketchfit.cli.main import app
from sketchfit.cli.repeated import values_after
from tests.factories import Cli


def repeatable() -> Iterator[tuple[str, str]]:
    """Command and option, of all options for several values."""
    for name, one in typer.main.get_command(app).commands.items():
        for path, command in {name: one, **{f"{name} {n}": c for n, c in getattr(one, "commands", {}).items()}}.items():
            for option in command.params:
                if getattr(option, "multiple", False):
                    yield path, option.opts[0]


@pytest.mark.parametrize(("command", "option"), [*repeatable()], ids=lambda value: value.replace(" ", "-"))
def test_help_shows_how_several_values_are_given(command: str, option: str, cli: Cli) -> None:
    _, printed, _ = cli(*command.split(), "--help")
    words = printed.split()
    places = [n + 1 for n, word in enumerate(words) if word == "Several:"]
    (shown,) = [words[n : n + 4] for n in places if words[n].lstrip("-") == option.lstrip("-")]
    assert shown[0] == shown[2]
    assert shown[3].startswith(shown[1])


@pytest.mark.parametrize(
    ("words", "fix"),
    [
        (["run", "data", "--candidates", "a", "b"], "--candidates a --candidates b"),
        (["run", "data", "-s", "a=1", "b=2", "c=3", "--fresh"], "-s a=1 -s b=2 -s c=3"),
        (["run", "data", "--set=a=1", "b=2"], "--set a=1 --set b=2"),
        (["export", "run", "--out", "bundle", "--also", "int8", "torch"], "--also int8 --also torch"),
        (["ablate", "data", "--vary", "seed=1,2", "training.epochs=1,2"], "--vary training.epochs=1,2"),
        (["cache", "clear", "--kind", "stores", "maps"], "--kind stores --kind maps"),
    ],
)
def test_several_values_after_one_option_are_explained(words: list[str], fix: str, cli: Cli) -> None:
    status, printed, errors = cli(*words)
    assert (status, printed) == (2, "")
    assert errors.startswith("error: ")
    assert fix in errors


def test_other_arguments_that_are_too_many_are_refused_as_before(cli: Cli) -> None:
    for words in (["run", "data", "more"], ["run", "data", "more", "--set", "a=1"], ["run", "data", "--out", "a", "b"]):
        status, _, errors = cli(*words)
        assert status == 2
        assert "unexpected" in errors


def test_a_value_that_is_no_option_ends_the_search() -> None:
    assert values_after(["--set", "a=1", "--", "b"], ["--set"]) is None
    assert values_after([], ["--set"]) is None
