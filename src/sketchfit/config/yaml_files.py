"""Read the user's YAML files."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import yaml

from sketchfit.errors import RecipeError
from sketchfit.regular import read_regular

MOST_BYTES = 4_000_000
"""A larger file is not read."""

MOST_VALUES = 100_000
"""A file with more values is refused; one that names earlier parts (`*a`) counts their values again."""

MOST_DIGITS = 300
"""A number with more is refused."""


def read_yaml(path: Path) -> Any:
    """Return the value in a YAML file: UTF-8, or UTF-16 with a byte order mark.

    Raises:
        UserError: it cannot be read, is in another encoding, or is not valid YAML.
    """
    try:
        content = read_regular(path, MOST_BYTES)
    except OSError as error:
        raise RecipeError(f"{path} cannot be read: {error.strerror or error}") from error
    return parse_yaml(content, str(path))


def parse_yaml(content: str | bytes, origin: str) -> Any:
    """Return the value of YAML text or of a YAML file's content; `origin` is what messages call it.

    Raises:
        UserError: it is in another encoding, or is not valid YAML.
    """
    try:
        return load_yaml(content)
    except UnicodeDecodeError as error:
        raise RecipeError(f"{origin} is not UTF-8 text: {error.reason} at byte {error.start}", _SAVE) from error
    except yaml.reader.ReaderError as error:
        raise RecipeError(f"{origin} is not UTF-8 text: {error.reason} at byte {error.position}", _SAVE) from error
    except yaml.MarkedYAMLError as error:
        raise _at_its_line(error, origin) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date such as 2026-13-45
        raise RecipeError(f"{origin} is not valid YAML: {error}") from error


def _at_its_line(error: yaml.MarkedYAMLError, origin: str) -> RecipeError:
    """Return the error with the line in which YAML is wrong, and what to do."""
    mark, what = error.problem_mark or error.context_mark, error.problem or error.context or "a mistake"
    line = "" if mark is None else f", line {mark.line + 1}"
    if "'\\t'" in what:
        return RecipeError(
            f"{origin}{line}: a tab is at the start of the line", "YAML is indented by spaces, not by tabs."
        )
    began = "" if error.context is None else f" {error.context}"
    return RecipeError(
        f"{origin}{line} is not valid YAML:{began}: {what}", "Check the signs before that place: : , - [ {."
    )


def load_yaml(content: str | bytes) -> Any:
    """Return the value of YAML that does not expand to more than `MOST_VALUES` values.

    Raises:
        ValueError: it does, or a value is not allowed.
        yaml.YAMLError: it is no YAML.
        RecursionError: it is nested too deeply.
    """
    loader = yaml.SafeLoader(content)
    try:
        root = loader.get_single_node()
        if root is None:
            return None
        if _values(root, {}) > MOST_VALUES:
            raise ValueError(f"it has more than {MOST_VALUES:,} values, or a number of more than {MOST_DIGITS} digits")
        return loader.construct_document(root)
    finally:
        loader.dispose()


def _values(node: yaml.Node, known: dict[int, float]) -> float:
    """Return the number of values of a node; infinite for one that contains itself.

    Args:
        node: of a document.
        known: values of the nodes that were counted before, by identity, so that each is visited once.
    """
    if id(node) not in known:
        known[id(node)] = math.inf  # until it is counted
        parts: list[yaml.Node] = []
        if node.tag in _NUMBERS and len(node.value) > MOST_DIGITS:
            return math.inf  # computing it takes hours
        if isinstance(node, yaml.MappingNode):
            parts = [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            parts = node.value
        known[id(node)] = 1 + sum(_values(part, known) for part in parts)
    return known[id(node)]


_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")

_SAVE = "Save it as UTF-8."
