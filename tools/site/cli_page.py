"""The reference of the command line, docs/cli.md, made from the functions that typer calls.

    python -m tools.site.cli_page docs/cli.md

It reads the annotations of these functions, not typer's commands, whose form depends on typer's version.
"""

from __future__ import annotations

import inspect
import sys
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import typer
from typer.models import ArgumentInfo, OptionInfo

from sketchfit.cli.main import GROUPS, app

INTRODUCTION = """\
# Command line

All commands, by group. `sketchfit COMMAND --help` prints the same in a terminal. This page is made from the commands by
`make docs`; a test fails when it is stale.

`DATA` is a folder or a table in one of the [layouts](layouts.md), `RUN` is [a run's folder](run-folder.md), and the
keys of `--set` are the [options](options/index.md). The exit status of a command: [exit codes](exit-codes.md)."""

TYPES: dict[Any, str] = {Path: "PATH", str: "TEXT", int: "INTEGER", float: "NUMBER"}


@dataclass(frozen=True)
class CommandLine:
    """A command as it is registered.

    Attributes:
        name: as it is typed after `sketchfit`.
        group: its heading in `--help`.
        function: that typer calls.
        epilog: end of its help, with examples.
    """

    name: str
    group: str
    function: Callable[..., Any]
    epilog: str


@dataclass(frozen=True)
class Parameter:
    """An argument or an option of a command, as Markdown.

    Attributes:
        usage: as in the line of usage; empty for an option.
        names: as in the table, with the kind of its value.
        default: empty where there is none.
        help: one line.
    """

    usage: str
    names: str
    default: str
    help: str


def page() -> str:
    """Return the text of docs/cli.md."""
    found = list(commands(app))
    common = _common([parameters(one.function) for one in found])
    parts = [INTRODUCTION]
    if app.registered_callback is not None and app.registered_callback.callback is not None:
        own = parameters(app.registered_callback.callback)
        parts += ["## Options of `sketchfit` alone", _table([one for one in own if one not in common])]
    if common:
        parts += ["## Options of all commands", _table(common)]
    order = list(dict.fromkeys(module.GROUP for module in GROUPS))
    for group in sorted({one.group for one in found}, key=order.index):
        parts.append(f"## {group}")
        for command in (one for one in found if one.group == group):
            parts += _command(command, common)
    return "\n\n".join(parts) + "\n"


def commands(app: typer.Typer, prefix: str = "", group: str = "") -> Iterator[CommandLine]:
    """Yield all commands of an app, those of its inner apps after its own."""
    for info in app.registered_commands:
        if info.callback is not None and not info.hidden:
            name = info.name or info.callback.__name__.replace("_", "-")
            yield CommandLine(f"{prefix}{name}", group or str(info.rich_help_panel), info.callback, info.epilog or "")
    for inner in app.registered_groups:
        if inner.typer_instance is not None:
            inner_name = inner.typer_instance.info.name
            below = f"{prefix}{inner_name} " if isinstance(inner_name, str) else prefix
            yield from commands(inner.typer_instance, below, group or _panel(inner.rich_help_panel))


def parameters(function: Callable[..., Any]) -> list[Parameter]:
    """Return the arguments and options of a command in their order."""
    hints = typing.get_type_hints(function, include_extras=True)
    found = []
    for name, one in inspect.signature(function).parameters.items():
        kind, *marks = typing.get_args(hints[name])
        mark = next(mark for mark in marks if isinstance(mark, ArgumentInfo | OptionInfo))
        if not mark.hidden:
            found.append(_parameter(name, kind, mark, one.default))
    return found


def examples(epilog: str) -> list[str]:
    """Return the lines of the examples at the end of a command's help."""
    return [line.strip() for line in epilog.splitlines() if line.strip().startswith("sketchfit ")]


def _panel(value: object) -> str:
    return value if isinstance(value, str) else ""


def _common(lists: list[list[Parameter]]) -> list[Parameter]:
    return [one for one in lists[0] if all(one in others for others in lists[1:])]


def _command(command: CommandLine, common: list[Parameter]) -> Iterator[str]:
    own = [one for one in parameters(command.function) if one not in common]
    usage = " ".join(["sketchfit", command.name, *(one.usage for one in own if one.usage)])
    options = " [OPTIONS]" if len([one for one in own if not one.usage]) else ""
    yield f"### `sketchfit {command.name}`"
    yield inspect.cleandoc(command.function.__doc__ or "")
    yield "\n".join(["```text", f"{usage}{options}", "```"])
    if own:
        yield _table(own)
    if lines := examples(command.epilog):
        yield "\n".join([f"Example{'s' * (len(lines) > 1)}:", "", "```console", *lines, "```"])


def _table(found: list[Parameter]) -> str:
    lines = [f"| {one.names} | {_cell(one.help)} | {_cell(one.default)} |" for one in found]
    return "\n".join(["| argument or option | meaning | default |", "| --- | --- | --- |", *lines])


def _parameter(name: str, kind: Any, mark: ArgumentInfo | OptionInfo, default: Any) -> Parameter:
    required = default is inspect.Parameter.empty
    help_text = " ".join((mark.help or "").split())
    if isinstance(mark, ArgumentInfo):
        shown = mark.metavar or name.upper()
        several = " …" if typing.get_origin(_without_none(kind)) is list and not shown.endswith("…") else ""
        usage = f"{shown}{several}" if required else f"[{shown}{several}]"
        return Parameter(usage, f"`{_cell(shown)}{several}`", "required" if required else _default(default), help_text)
    # Within Annotated, typer reads the first of the names as the default.
    given = [one for one in (mark.default, *(mark.param_decls or ())) if isinstance(one, str) and one.startswith("-")]
    names = given or _usual_names(name, kind)
    value = "" if kind is bool else f" {_cell(mark.metavar or _value(kind))}"
    shown = ", ".join(f"`{one}`" for one in names[:-1])
    shown = f"{shown}{', ' if shown else ''}`{names[-1]}{value}`"
    return Parameter("", shown, "required" if required else _default(default), help_text)


def _usual_names(name: str, kind: Any) -> list[str]:
    flag = f"--{name.replace('_', '-')}"
    return [f"{flag}/--no{flag[1:]}"] if kind is bool else [flag]


def _without_none(kind: Any) -> Any:
    rest = [part for part in typing.get_args(kind) if part is not type(None)]
    return rest[0] if type(None) in typing.get_args(kind) and rest else kind


def _value(kind: Any) -> str:
    """Return the kind of an option's value as `--help` names it."""
    inner = _without_none(kind)
    if typing.get_origin(inner) is Literal:
        return "|".join(map(str, typing.get_args(inner)))
    return _value(typing.get_args(inner)[0]) if typing.get_origin(inner) is list else TYPES[inner]


def _default(value: Any) -> str:
    if value is None or value is False or value in ("", (), []):
        return ""
    return "on" if value is True else f"`{value}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
