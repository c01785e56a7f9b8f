"""A setting for all members of a recipe, also for those that set another value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sketchfit.config.overrides import parse_override
from sketchfit.config.recipe import Recipe


def for_members(recipe: Recipe, setting: str) -> Iterator[str]:
    """Yield `key=value` texts that change a setting of the recipe and of each member that overrides it.

    A member whose own value is 0, such as one without epochs, keeps it.
    """
    key, _, value = setting.partition("=")
    yield setting
    for name, over in recipe.members.items():
        if not _own(over, key.split(".")):
            continue
        if "." in name:  # a dot would be read as the end of the name
            yield f"members={json.dumps({name: parse_override(setting)})}"
        else:
            yield f"members.{name}.{key}={value}"


def _own(over: Mapping[str, Any], path: list[str]) -> bool:
    """Whether a member's settings have a value other than 0 at a path."""
    value: Any = over
    for part in path:
        if not isinstance(value, Mapping) or part not in value:
            return False
        value = value[part]
    return bool(value)
