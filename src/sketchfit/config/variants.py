"""Variants of a recipe for an ablation: changes of some settings, each checked."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import ValidationError

from sketchfit.config.family import FamilySection
from sketchfit.config.load import load_recipe
from sketchfit.config.overrides import merge
from sketchfit.config.parse import member_recipes
from sketchfit.config.recipe import Recipe
from sketchfit.config.scope import can_be_varied
from sketchfit.config.section import Section
from sketchfit.config.yaml_files import parse_yaml
from sketchfit.errors import RecipeError, UserError

Change = tuple[str, dict[str, Any]]
"""(`key=value`, the nested settings to merge)."""


@dataclass(frozen=True)
class Variant:
    """A changed recipe: its name (`loss=focal`) and the complete recipe."""

    name: str
    recipe: Recipe


def make_variants(base: Recipe, vary: Sequence[str], grid: bool = False) -> list[Variant]:
    """Return the base, then its changes.

    Args:
        base: a recipe of one member.
        vary: `key=value,value` each; a value that the base has is left out.
        grid: every combination of the values instead of one change at a time.

    Raises:
        UserError: all values that make no valid recipe, and why.
    """
    changes = [_changes(base, text) for text in vary]
    if not changes:
        raise RecipeError("there is nothing to vary", "For example: --vary loss=ce,focal")
    if len(member_recipes(base)) > 1:
        raise RecipeError("ablate compares settings of one network, and the recipe has several members")
    combinations = itertools.product(*changes) if grid else ((one,) for values in changes for one in values)
    found = {base.to_yaml(): Variant("base", base)}
    problems: list[str] = []
    for combination in combinations:
        name = " ".join(change for change, _ in combination)
        try:
            changed = load_recipe(_merged(base, (nested for _, nested in combination)))
        except UserError as error:
            problems += [f"{name}: {problem}" for problem in error.problems]
            continue
        found.setdefault(changed.to_yaml(), Variant(name, changed))
    if problems:
        raise RecipeError(problems, "Fix the values of --vary, or the base with --set.")
    return list(found.values())


def _merged(base: Recipe, changes: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    settings = base.model_dump(mode="json")
    for nested in changes:
        settings = merge(settings, nested)
    return settings


def _changes(base: Recipe, text: str) -> list[Change]:
    """Return the changes that `key=a,b` stands for."""
    key, equals, values = text.partition("=")
    key = key.strip()
    if not equals or not values.strip():
        raise RecipeError(f"--vary {text!r} is not of the form key=value,value")
    check_varied_key(f"--vary {key}", key)
    parsed = parse_yaml(f"[{values}]", f"--vary {text!r}: the list of values")
    return [(f"{key}={as_yaml(value)}", nested_change(base, key, value)) for value in parsed]


def check_varied_key(option: str, key: str) -> None:
    """Refuse a setting that all variants share, or that changes no training.

    Raises:
        RecipeError: it is one; `option` is the option that names it.
    """
    if not can_be_varied(key):
        raise RecipeError(
            f"{option}: this setting is shared by all variants, or it does not change a training",
            "Vary a setting of model, transforms, loss, optimizer, schedule, training, averaging, data or compute.",
        )


def nested_change(base: Recipe, key: str, value: Any) -> dict[str, Any]:
    """Return the nested settings that give a dotted key of a recipe a value; `loss=focal` changes the name alone."""
    return _nested(key, _expanded(base, key, value))


def as_yaml(value: Any) -> str:
    """Return a value as YAML in one line, as it is written in `--set KEY=VALUE`."""
    text = yaml.safe_dump(value, default_flow_style=True, width=1000).strip()
    return text.removesuffix("...").strip()


def _expanded(base: Recipe, key: str, value: Any) -> Any:
    """Return `{"name": "focal"}` for `loss=focal`: the other settings of the section stay as in the base."""
    current: Any = base
    for part in key.split("."):
        current = getattr(current, part, None)
    if isinstance(current, FamilySection):
        return {"name": value} if isinstance(value, str) else value
    if isinstance(current, Section) and not isinstance(value, Mapping):
        with suppress(ValidationError):  # reported when the variant is checked
            return type(current).model_validate(value).model_dump(mode="json", exclude_unset=True)
    return value


def _nested(key: str, value: Any) -> dict[str, Any]:
    for part in reversed(key.split(".")):
        value = {part: value}
    return dict(value)
