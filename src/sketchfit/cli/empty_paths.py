"""An empty text in the place of a path, which the parser takes for the current folder: `sketchfit run "$DATA"`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sketchfit.errors import empty_path


def refuse_empty_paths(arguments: Sequence[str], parameters: Sequence[Any], values: Mapping[str, Any]) -> None:
    """Refuse an empty text that was read as a path.

    Args:
        arguments: of the command, as they were given.
        parameters: of the command.
        values: what was read, by the name of the parameter.

    Raises:
        UserError: a path is an empty text.
    """
    options = {
        name: values[one.name]
        for one in parameters
        for name in one.opts
        if name.startswith("-") and one.name in values and not isinstance(values[one.name], bool)
    }
    for place, argument in enumerate(arguments):
        name, is_joined, value = argument.partition("=")
        if is_joined and not value:
            given, shown = options.get(name), name
        elif argument == "" and place and arguments[place - 1] in options:
            given, shown = options[arguments[place - 1]], arguments[place - 1]
        elif argument == "":
            given, shown = _positional(parameters, values)
        else:
            continue
        if _is_current(given):
            raise empty_path(shown)


def _positional(parameters: Sequence[Any], values: Mapping[str, Any]) -> tuple[Any, str]:
    """Return an argument without a name that was read as the current folder, and what the help calls it."""
    found = [one for one in parameters if not one.opts[0].startswith("-") and _is_current(values.get(one.name))]
    if not found:
        return None, ""
    return values[found[0].name], "an argument" if len(found) > 1 else found[0].metavar or found[0].name.upper()


def _is_current(value: Any) -> bool:
    return any(one == Path() for one in (value if isinstance(value, list | tuple) else [value]))
