"""An empty text is no path, neither on the command line nor in Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer

import sketchfit
from sketchfit.cli.main import app
from sketchfit.errors import UserError
from tests.factories import Cli


@pytest.mark.parametrize(
    "words",
    [
        ["run", ""],
        ["run", "", "--quiet"],
        ["run", "--quiet", ""],
        ["run", ".", "--out", ""],
        ["run", ".", "--out="],
        ["audit", ".", "--external", "a", "--external", ""],
        ["predict", "", "a.png"],
        ["predict", ".", ""],
        ["score", ".", ""],
        ["compare", "a", ""],
        ["report", ""],
        ["draw", ""],
        ["export", ".", "--out", ""],
        ["serve", ""],
        ["distill", ""],
    ],
    ids=lambda words: "-".join(words) or "empty",
)
def test_an_empty_path_is_refused(words: list[str], cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    status, printed, errors = cli(*words)
    assert (status, printed) == (2, "")
    assert errors.startswith("error: ")
    assert "is an empty text" in errors
    assert list(tmp_path.iterdir()) == []


def test_each_command_with_an_argument_refuses_an_empty_one(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, command in typer.main.get_command(app).commands.items():
        required = [one for one in command.params if not one.opts[0].startswith("-") and one.required]
        if required and not hasattr(command, "commands"):
            status, _, errors = cli(name, *["" for _ in required])
            assert status == 2, name
            assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


def test_other_empty_texts_and_the_current_folder_are_no_empty_path(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (["check", "."], ["check", ".", "--image-column", ""]):
        status, _, errors = cli(*words)
        assert status == 2
        assert "is empty" in errors, "the folder is"


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (sketchfit.run, {"data": ""}),
        (sketchfit.run, {"data": ".", "out": ""}),
        (sketchfit.fit, {"data": ".", "out": " "}),
        (sketchfit.predict, {"run": "", "images": "a.png"}),
        (sketchfit.predict, {"run": ".", "images": ["a.png", ""]}),
        (sketchfit.score, {"run": ".", "truth": ""}),
        (sketchfit.report, {"run": ""}),
        (sketchfit.submit, {"run": ".", "out": ""}),
        (sketchfit.load, {"path": ""}),
        (sketchfit.export, {"run": ".", "out": ""}),
        (sketchfit.compare, {"runs": ["a", ""]}),
        (sketchfit.ensemble, {"runs": ["a", "b"], "out": ""}),
        (sketchfit.draw, {"out": ""}),
        (sketchfit.audit, {"data": ".", "external": [""]}),
    ],
    ids=lambda value: getattr(value, "__name__", "-".join(value) if isinstance(value, dict) else None),
)
def test_python_callers_may_not_give_one_either(
    function: Any, arguments: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="empty text"):
        function(**arguments)
    assert list(tmp_path.iterdir()) == []
