"""How all commands are registered: `-q` and `-v`, their help and its examples, and progress from their start."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import wraps
from typing import Annotated, Any, get_type_hints

import typer

from sketchfit.activity import activity
from sketchfit.cli.repeated import OneCommand, explained
from sketchfit.live import show_activities
from sketchfit.runs.launchers import check_alone, is_first_process
from sketchfit.verbosity import Level, verbosity

Function = Callable[..., None]


def _set(level: Level) -> Callable[[bool], None]:
    def on(value: bool) -> None:
        if value:
            verbosity.level = level

    return on


Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", callback=_set("quiet"), expose_value=False, help="Print only results, warnings and errors."
    ),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose", "-v", callback=_set("verbose"), expose_value=False, help="Also print details and times, for bugs."
    ),
]
LEVELS = {"quiet": Quiet, "verbose": Verbose}


def command(
    app: typer.Typer, group: str, *examples: str, name: str | None = None, by_several: bool = False
) -> Callable[[Function], Function]:
    """Return a decorator that registers a function as a command.

    A parameter whose type is a dataclass stands for several: each field is an argument or an option of the command.

    Args:
        app: that gets the command.
        group: heading in `sketchfit --help`.
        examples: command lines for its help, each as it is typed.
        name: of the command; by default that of the function.
        by_several: whether several processes of a launcher may run it: they train one network at a time together, or
            write nothing. Any other command refuses more than one.
    """

    def register(function: Function) -> Function:
        called = name or function.__name__
        path = " ".join(("sketchfit", *([app.info.name] if app.info.name else []), called))
        made = _with_manners(function, path, by_several)
        app.command(called, cls=OneCommand, rich_help_panel=group, epilog=epilog(examples))(made)
        return function

    return register


def epilog(examples: tuple[str, ...]) -> str:
    """Return the end of a command's help, whose lines are not wrapped."""
    lines = "\n".join(f"  {one}" for one in examples)
    return f"\b\nExample{'s' * (len(examples) > 1)}:\n{lines}"


def _with_manners(function: Function, path: str, by_several: bool) -> Function:
    """Return the function with the options of `LEVELS`; while it runs, people see what it does."""
    kinds = get_type_hints(function, include_extras=True)
    groups = {one: kind for one, kind in kinds.items() if is_dataclass(kind) and isinstance(kind, type)}

    @wraps(function)
    def run(**options: Any) -> None:
        for level in LEVELS:
            options.pop(level, None)
        for one, kind in groups.items():
            options[one] = kind(**{field.name: options.pop(field.name) for field in fields(kind)})
        if not by_several:
            check_alone(os.environ, path)
        show_activities("auto" if is_first_process(os.environ) else "none")
        with activity(path):
            function(**options)

    parameters = list(_parameters(function, kinds))
    del run.__wrapped__  # typer would read the signature of the function
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def _parameters(function: Function, kinds: Mapping[str, Any]) -> Iterator[inspect.Parameter]:
    """Yield the parameters of a function of these types, the fields of dataclasses one by one, and the levels."""
    for one in inspect.signature(function).parameters.values():
        kind = kinds[one.name]
        if not is_dataclass(kind):
            yield _keyword(one.name, one.default, kind)
            continue
        inner = get_type_hints(kind, include_extras=True)
        for field in fields(kind):
            yield _keyword(
                field.name, inspect.Parameter.empty if field.default is MISSING else field.default, inner[field.name]
            )
    for level, kind in LEVELS.items():
        yield _keyword(level, False, kind)


def _keyword(name: str, default: Any, kind: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=explained(kind))
