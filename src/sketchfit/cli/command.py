"""How all commands are registered: `-q` and `-v`, their help and its examples, and progress from their start."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, get_type_hints

import typer

from sketchfit.activity import activity
from sketchfit.cli.repeated import OneCommand, explained
from sketchfit.live import show_activities
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


def command(app: typer.Typer, group: str, *examples: str, name: str | None = None) -> Callable[[Function], Function]:
    """Return a decorator that registers a function as a command.

    Args:
        app: that gets the command.
        group: heading in `sketchfit --help`.
        examples: command lines for its help, each as it is typed.
        name: of the command; by default that of the function.
    """

    def register(function: Function) -> Function:
        app.command(name, cls=OneCommand, rich_help_panel=group, epilog=epilog(examples))(_with_manners(function))
        return function

    return register


def epilog(examples: tuple[str, ...]) -> str:
    """Return the end of a command's help, whose lines are not wrapped."""
    lines = "\n".join(f"  {one}" for one in examples)
    return f"\b\nExample{'s' * (len(examples) > 1)}:\n{lines}"


def _with_manners(function: Function) -> Function:
    """Return the function with the options of `LEVELS`; while it runs, people see what it does."""

    name = function.__name__.replace("_", "-")

    @wraps(function)
    def run(**options: Any) -> None:
        for level in LEVELS:
            options.pop(level, None)
        show_activities()
        with activity(f"sketchfit {name}"):
            function(**options)

    signature = inspect.signature(function)
    hints = {one: explained(hint) for one, hint in get_type_hints(function, include_extras=True).items()}
    kinds = inspect.Parameter
    own = [one.replace(annotation=hints[one.name]) for one in signature.parameters.values()]
    levels = [kinds(one, kinds.KEYWORD_ONLY, default=False, annotation=kind) for one, kind in LEVELS.items()]
    del run.__wrapped__  # typer would read the signature of the function
    run.__signature__ = signature.replace(parameters=[*own, *levels])  # type: ignore[attr-defined]
    run.__annotations__ = hints | LEVELS
    return run
