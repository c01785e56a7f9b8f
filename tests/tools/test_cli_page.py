"""docs/cli.md is that of the commands, and has what their help has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
import typer

from sketchfit.cli.main import app
from tools.site.cli_page import commands, examples, page, parameters

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cli.md"


def test_the_page_is_not_stale() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: make docs"


def test_every_command_of_typer_has_a_heading() -> None:
    group = typer.main.get_command(app)
    names = [
        f"{name} {inner}" if hasattr(command, "commands") else name
        for name, command in group.commands.items()  # type: ignore[attr-defined]
        for inner in getattr(command, "commands", {None: None})
    ]
    assert sorted(one.name for one in commands(app)) == sorted(names)
    assert all(f"### `sketchfit {name}`\n" in page() for name in names)


def test_options_have_the_names_that_typer_has() -> None:
    group = typer.main.get_command(app)
    for one in commands(app):
        command = group
        for part in one.name.split():
            command = command.commands[part]  # type: ignore[attr-defined]
        names = {name for parameter in command.params for name in parameter.opts if name.startswith("-")}
        shown = " ".join(parameter.names for parameter in parameters(one.function))
        assert {name for name in names if f"`{name}" not in shown} == set(), one.name


def test_a_parameter_has_name_kind_default_and_help() -> None:
    def command(
        data: Annotated[Path, typer.Argument(help="A  folder.")],
        images: Annotated[list[Path] | None, typer.Argument()] = None,
        size: Annotated[int, typer.Option("--size", "-s")] = 3,
        mode: Annotated[Literal["a", "b"] | None, typer.Option()] = None,
        more: Annotated[list[str] | None, typer.Option(metavar="KEY")] = None,
        fold_it: Annotated[bool, typer.Option()] = True,
        fresh: Annotated[bool, typer.Option("--fresh")] = False,
    ) -> None: ...

    found = [(one.usage, one.names, one.default) for one in parameters(command)]
    assert found == [
        ("DATA", "`DATA`", "required"),
        ("[IMAGES …]", "`IMAGES …`", ""),
        ("", "`--size`, `-s INTEGER`", "`3`"),
        ("", "`--mode a\\|b`", ""),
        ("", "`--more KEY`", ""),
        ("", "`--fold-it/--no-fold-it`", "on"),
        ("", "`--fresh`", ""),
    ]
    assert parameters(command)[0].help == "A folder."


@pytest.mark.parametrize(
    ("epilog", "lines"),
    [
        ("", []),
        ("\b\nExamples:\n  sketchfit run data\n  sketchfit check data", ["sketchfit run data", "sketchfit check data"]),
    ],
)
def test_examples_are_the_command_lines_of_the_epilog(epilog: str, lines: list[str]) -> None:
    assert examples(epilog) == lines
