"""Options that are given once per value: their help, and the error where several values follow one of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from typing import Annotated, Any, get_args, get_origin

from typer.core import TyperCommand
from typer.models import OptionInfo

from sketchfit.cli.empty_paths import refuse_empty_paths
from sketchfit.errors import UserError

VALUE = "VALUE"
"""What stands for a value in the help of an option that has no name for it."""


class OneCommand(TyperCommand):
    """Names the fix where several values follow an option that takes one; refuses empty paths."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments of the command.

        Raises:
            UserError: a path is an empty text, or there are more arguments than the command takes, and values follow a
                repeatable option.
        """
        given = list(args)  # what is read is removed from the list
        try:
            left = super().parse_args(ctx, args)
        except Exception as error:  # its class has no public name
            if "unexpected extra argument" not in str(getattr(error, "message", "")):
                raise
            names = [name for one in self.params if getattr(one, "multiple", False) for name in one.opts]
            if (found := values_after(given, names)) is None:
                raise
            raise _several_values(*found) from None
        refuse_empty_paths(given, self.params, ctx.params)
        return left


def values_after(arguments: Sequence[str], options: Iterable[str]) -> tuple[str, list[str]] | None:
    """Return the first of some options that is followed by several values, and these values.

    >>> values_after(["data", "--set", "a=1", "b=2", "--fresh"], ["--set", "-s"])
    ('--set', ['a=1', 'b=2'])
    >>> values_after(["data", "--set=a=1", "b=2"], ["--set", "-s"])
    ('--set', ['a=1', 'b=2'])
    >>> values_after(["--set", "a=1", "--out", "b", "c"], ["--set"])
    """
    known = set(options)
    for place, argument in enumerate(arguments):
        name, is_joined, value = argument.partition("=")
        if name not in known:
            continue
        values = [value] if is_joined else []
        for following in arguments[place + 1 :]:
            if following.startswith("-"):
                break
            values.append(following)
        if len(values) > 1:
            return name, values
    return None


def explained(hint: Any) -> Any:
    """Return the annotation of a parameter; the help of an option for a list shows how several values are given."""
    kind, *marks = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    if not _is_list(kind):
        return hint
    return Annotated[(kind, *(_explained(mark) for mark in marks))]


def _explained(mark: Any) -> Any:
    if not isinstance(mark, OptionInfo):
        return mark
    names = [one for one in (mark.default, *(mark.param_decls or ())) if isinstance(one, str) and one.startswith("-")]
    once = f"{names[0]} {mark.metavar or VALUE}"
    longer = copy(mark)
    longer.help = f"{(mark.help or '').rstrip()} Several: {once} {once}."
    return longer


def _is_list(kind: Any) -> bool:
    return any(get_origin(one) is list for one in (kind, *get_args(kind)))


def _several_values(name: str, values: Sequence[str]) -> UserError:
    return UserError(
        f"{name} takes one value, and {len(values)} follow it: {' '.join(values)}",
        f"Repeat it for each value: {' '.join(f'{name} {value}' for value in values)}",
    )
