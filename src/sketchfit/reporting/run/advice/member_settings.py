"""A setting for all members of a recipe, also for those that set another value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sketchfit.config.overrides import parse_override
from sketchfit.config.recipe import Recipe


def for_members(recipe: Recipe, setting: str, factor: float | None = None) -> Iterator[str]:
    """Yield `key=value` texts that change a setting of the recipe and of each member that overrides it.

    A member whose own value is 0, such as one without epochs, keeps it.

    Args:
        recipe: with its members.
        setting: `key=value`.
        factor: where members override the setting, each value is multiplied by it instead; None: all get `value`.
    """
    key, _, value = setting.partition("=")
    path = key.split(".")
    own = {name: found for name, over in recipe.members.items() if (found := _at(over, path))}

    def changed(before: Any) -> str:
        return f"{key}={value if factor is None else f'{factor * before:g}'}"

    if factor is None or not own:
        yield setting
    elif common := _at(recipe.model_dump(), path):
        yield changed(common)
    for name, before in own.items():
        if "." in name:  # a dot would be read as the end of the name
            yield f"members={json.dumps({name: parse_override(changed(before))})}"
        else:
            yield f"members.{name}.{changed(before)}"


def _at(settings: Mapping[str, Any], path: list[str]) -> Any:
    """Return the value at a path of settings; None where there is none."""
    value: Any = settings
    for part in path:
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value
