"""Settings checked against the schema, and the recipes of the members."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sketchfit.config.overrides import merge
from sketchfit.config.problems import Mistake, schema_mistakes, without
from sketchfit.config.recipe import Recipe
from sketchfit.config.scope import member_sections, owned_by_run
from sketchfit.errors import RecipeError
from sketchfit.names import name_problem

_PRECISION = "compute.precision"
_MEMBER_NAME = re.compile(r"\w([\w.-]*[\w-])?")


def parse_recipe(settings: Mapping[str, Any], origin: str = "the recipe") -> Recipe:
    """Check settings against the schema.

    Args:
        settings: nested mappings.
        origin: where they come from, for the message.

    Raises:
        UserError: every unknown or ill-typed key, with what is allowed and the nearest name.
    """
    problems = [sentence for sentence, _ in all_mistakes(settings)]
    if problems:
        raise RecipeError(problems, f"Fix {origin}; `sketchfit recipes show cpu --full` shows every setting.")
    return Recipe.model_validate(settings)


def all_mistakes(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return a sentence and the dotted key of everything that the schema refuses, members included."""
    own = schema_mistakes(settings)
    return [(mistake.sentence(), mistake.key) for mistake in own] + list(_member_mistakes(settings, own))


def without_mistakes(settings: Mapping[str, Any]) -> tuple[Recipe, list[tuple[str, str]]]:
    """Return the recipe that is left without the refused settings, and what `all_mistakes` found."""
    mistakes, kept = all_mistakes(settings), dict(settings)
    for _, key in mistakes:
        kept = without(kept, key)
    return (Recipe() if all_mistakes(kept) else Recipe.model_validate(kept)), mistakes


def member_recipes(recipe: Recipe) -> dict[str, Recipe]:
    """Return the recipe of each member by name; one, named after its backbone, where `members` is empty."""
    if not recipe.members:
        return {backbone_name(recipe): recipe}
    base = recipe.model_dump(mode="json", exclude={"members"})
    return {name: parse_recipe(merge(base, over), f"members.{name}") for name, over in recipe.members.items()}


def backbone_name(recipe: Recipe) -> str:
    """Return the backbone's name as a name of a folder."""
    return recipe.model.backbone.replace("/", "_")


def shared_settings(over: Mapping[str, Any], base: Mapping[str, Any]) -> list[str]:
    """Return those keys of a member's settings that only the run can set: sections, and dotted keys of settings.

    A setting with the run's own value is none of them.

    Args:
        over: settings of the member, as nested mappings.
        base: of the run.
    """
    sections = [key for key in over if key in Recipe.model_fields and key not in member_sections()]
    inner = [f"{key}.{name}" for key, values in over.items() if isinstance(values, Mapping) for name in values]
    owned = owned_by_run(inner)
    if _value(over, _PRECISION) == "fp16":  # it scales the gradients of all networks of a process
        owned.append(_PRECISION)
    return sections + [key for key in owned if _value(over, key) != _value(base, key)]


def _value(settings: Mapping[str, Any], key: str) -> Any:
    """Return the value of a dotted key with two parts; its default where the settings do not have it."""
    section, _, name = key.partition(".")
    values = settings.get(section)
    if isinstance(values, Mapping) and name in values:
        return values[name]
    return getattr(getattr(Recipe(), section, None), name, None)


def _member_mistakes(settings: Mapping[str, Any], known: list[Mistake]) -> Iterator[tuple[str, str]]:
    """Yield the mistakes in `members`; `known` are those of the recipe itself, which are not repeated."""
    members = settings.get("members")
    if not isinstance(members, Mapping):
        return
    base = {key: value for key, value in settings.items() if key != "members"}
    for name, over in members.items():
        prefix = f"members.{name}"
        if not _MEMBER_NAME.fullmatch(str(name)):
            text = (
                "a member's name consists of letters, digits, '_', '-' and '.', begins with a letter, digit or '_', "
                "and does not end with '.'"
            )
            yield f"{prefix}: {text}", "members"
        elif (problem := name_problem(str(name), members)) is not None:
            yield f"{prefix}: {problem}", "members"
        if not isinstance(over, Mapping):
            continue
        shared = shared_settings(over, base)
        for key in shared:
            what = "fp16" if key == _PRECISION else "it"
            yield f"{prefix}.{key}: all members share {what}; set it in the recipe", f"{prefix}.{key}"
        changed = merge(base, {key: value for key, value in over.items() if key not in shared})
        mistakes = (mistake for mistake in schema_mistakes(changed) if mistake not in known)
        yield from ((mistake.sentence(f"{prefix}."), f"{prefix}.{mistake.key}") for mistake in mistakes)
