"""A setting's type and default in words."""

from __future__ import annotations

import types
import typing
from typing import Any, Literal

from annotated_types import Ge, Gt, Le, Lt

from sketchfit.config.family import MemberOf
from sketchfit.config.section import Section


def default_words(value: Any) -> str:
    """Return a default as Markdown."""
    if value is None:
        return "null"
    if value in ((), [], {}, ""):
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return ", ".join(f"`{part}`" for part in value)
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def allowed_words(kind: Any, metadata: list[Any] | tuple[Any, ...] = ()) -> str:
    """Return a type as Markdown: choices, numbers with their bounds, lists.

    Args:
        kind: annotation of a field.
        metadata: marks of the field, such as its bounds.
    """
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        inner = [part for extra in args[1:] for part in getattr(extra, "metadata", [extra])]
        return allowed_words(args[0], [*inner, *metadata])
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in args)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys("null" if arg is type(None) else allowed_words(arg, metadata) for arg in args))
    if origin in (tuple, list):
        each = allowed_words(args[0])
        fixed = origin is tuple and Ellipsis not in args
        return f"{len(args)} values, each {each}" if fixed else f"list of {each}"
    if origin is dict:
        return "mapping"
    for mark in metadata:
        if isinstance(mark, MemberOf):
            return ", ".join(f"`{name}`" for name in mark.names())
    names: dict[Any, str] = {bool: "true or false", int: "integer", float: "number", str: "text"}
    if kind not in names:
        return "stages, see below" if isinstance(kind, type) and issubclass(kind, Section) else "any value"
    return names[kind] + ("" if kind in (bool, str) else _bounds(metadata))


def _bounds(metadata: list[Any] | tuple[Any, ...]) -> str:
    signs = {Ge: ("≥", "ge"), Gt: (">", "gt"), Le: ("≤", "le"), Lt: ("<", "lt")}
    found = [
        f"{signs[type(item)][0]} {getattr(item, signs[type(item)][1])}" for item in metadata if type(item) in signs
    ]
    return f" {' and '.join(found)}" if found else ""
