"""The exit codes of docs/exit-codes.md, for each command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sketchfit
from sketchfit.cli import main as main_module
from sketchfit.cli.main import CONTINUING
from sketchfit.errors import UserError
from sketchfit.interruption import Terminated
from tests.cli.test_manners import commands
from tests.factories import Cli
from tests.fresh import run_fresh

NAMES = [" ".join(name) for name in commands()]
PAGE = Path(sketchfit.__file__).parents[2] / "docs" / "exit-codes.md"
HEAVY = {"torch", "timm", "pandas", "scipy"}

USUAL = {
    "predict": "gone images",
    "score": "gone gone.csv",
    "compare": "gone gone",
    "fit": "gone --out out",
    "ablate": "gone --vary seed=1,2",
    "plan": "gone --time 2h",
    "ensemble": "gone --out out",
    "export": "gone --out out",
    "push": "gone me/name",
}
"""Arguments after the command that name a place which does not exist; `gone` alone for most commands."""

MISTAKES = {
    **{name: USUAL.get(name, "gone") for name in NAMES},
    "draw": "out --classes 1",
    "runs": "gone",
    "options": "gone",
    "version": "",
    "recipes list": "",
    "recipes show": "gone",
    "cache list": "",
    "cache clear": "--older-than soon",
}
"""A mistake in what a command is given; empty where it is given nothing."""


def test_each_mistake_ends_with_status_2_before_torch_is_imported(tmp_path: Path) -> None:
    given = [name for name in NAMES if MISTAKES[name]]
    assert len(given) > 25
    lines = [[*name.split(), *MISTAKES[name].split()] for name in given]
    for name, ended in zip(given, run_fresh(lines, cwd=tmp_path), strict=True):
        assert (ended.status, ended.printed) == (2, ""), (name, ended)
        assert ended.errors.startswith("error: "), (name, ended.errors)
        assert "Traceback" not in ended.errors, name
        assert not HEAVY & {*ended.modules}, name
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_an_option_that_does_not_exist_ends_with_status_2(name: str, cli: Cli) -> None:
    status, printed, errors = cli(*name.split(), "--nothing")
    assert (status, printed) == (2, "")
    assert "--nothing" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (KeyboardInterrupt(), 130),
        (Terminated(15), 143),
        (Terminated(1), 129),
        (UserError("a mistake", "what to do"), 2),
        (OSError(28, "No space left on device"), 2),
        (ModuleNotFoundError("No module named 'torch'", name="torch"), 2),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, BaseException) else str(one),
)
def test_each_command_ends_as_documented(
    error: BaseException, status: int, name: str, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise error

    monkeypatch.setattr("sketchfit.cli.command.show_activities", stop)  # the first thing that each command calls
    words = [*name.split(), *(MISTAKES[name].split())]
    monkeypatch.setattr("sys.argv", ["sketchfit", *words])
    found, printed, errors = cli(*words)
    assert (found, printed) == (status, "")
    assert "Traceback" not in errors
    if status > 2:
        assert errors.startswith("stopped")
        assert ("continues" in errors) == (name in CONTINUING)
    else:
        assert errors.startswith("error: ")


def test_an_error_that_is_not_the_users_comes_through_and_python_ends_with_status_1(tmp_path: Path, cli: Cli) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(main_module, "app", lambda **_: 1 / 0)
        with pytest.raises(ZeroDivisionError):  # tests/cli/test_main.py has the status and the traceback
            cli("runs")


def test_the_page_has_these_codes() -> None:
    rows = re.findall(r"^\| ([\d, ]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {int(code) for row in rows for code in row.split(",")} == {0, 1, 2, 129, 130, 137, 143}
