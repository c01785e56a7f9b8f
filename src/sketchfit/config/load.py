"""Recipes by name or file, with overrides, and everything that is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sketchfit.config.checks import member_problems, run_problems
from sketchfit.config.overrides import merge, nested_changes
from sketchfit.config.parse import member_recipes, without_mistakes
from sketchfit.config.recipe import Recipe
from sketchfit.config.shipped import known_recipes, no_such_recipe, recipe_text, shipped_recipes
from sketchfit.config.student import student_of
from sketchfit.config.yaml_files import parse_yaml, read_yaml
from sketchfit.errors import RecipeError, UserError, not_a_file, raised_as
from sketchfit.redact import secret_keys


@raised_as(RecipeError)
def load_recipe(
    source: str | Path | Mapping[str, Any] | Recipe = "cpu", overrides: Sequence[str] | Mapping[str, Any] = ()
) -> Recipe:
    """Return the recipe of a run, after every check that needs neither torch nor the data.

    Args:
        source: name of a shipped recipe, path of a YAML file, the settings themselves, or a recipe.
        overrides: `key.sub=value` texts (the value is YAML), or a nested mapping; applied in order.

    Raises:
        UserError: all problems together: unknown and ill-typed keys with the nearest name, policies, views and files
            that do not exist, settings of a member, the student or the run that contradict each other.
    """
    settings, origin = _settings(source)
    for change in nested_changes(overrides):
        settings = merge(settings, change)
    _refuse_secrets(settings)
    recipe, mistakes = without_mistakes(settings)
    refused = [key for _, key in mistakes]
    problems = [sentence for sentence, _ in mistakes]
    problems += [sentence for sentence in _problems(recipe) if not any(_is_about(key, sentence) for key in refused)]
    if problems:
        raise RecipeError(
            list(dict.fromkeys(problems)),
            f"Fix {origin}, or change it with --set; `sketchfit recipes show cpu --full` shows every setting.",
        )
    return recipe


def _problems(recipe: Recipe) -> list[str]:
    """Return all contradictions; those that all members have are named once."""
    members = member_recipes(recipe)
    found: dict[str, list[str]] = {}
    for name, member in members.items():
        for sentence in member_problems(member):
            found.setdefault(sentence, []).append(name)
    problems = []
    for sentence, names in found.items():
        problems += [sentence] if len(names) == len(members) else [f"members.{name}: {sentence}" for name in names]
    return [*problems, *run_problems(recipe), *_student_problems(recipe, set(found))]


def _student_problems(recipe: Recipe, known: set[str]) -> list[str]:
    """Return what is wrong with `distill`; `known` are the problems of members, which are not repeated."""
    section = recipe.distill
    if not (section.enabled or section.member or section.student):
        return []
    try:
        student = student_of(recipe)
    except UserError as error:
        return list(error.problems)
    return [
        f"distill.student: {sentence}"
        for sentence in member_problems(student.recipe_without_teacher)
        if sentence not in known
    ]


def _is_about(key: str, sentence: str) -> bool:
    """Whether a sentence names a setting, or one next to it in the same place of `members`."""
    last = re.sub(r"^members\.[^.]*\.|\.\d+.*$", "", key)
    return bool(last) and last in sentence


def _refuse_secrets(settings: Mapping[str, Any]) -> None:
    if found := secret_keys(settings):
        raise RecipeError(
            [f"{key} looks like a secret" for key in found],
            "A recipe is written into the run's folder. Addresses, tokens and passwords belong in the environment or "
            "in a .env file: SKETCHFIT_NOTIFY, WANDB_API_KEY, MLFLOW_TRACKING_URI and similar variables.",
        )


def _settings(source: str | Path | Mapping[str, Any] | Recipe) -> tuple[dict[str, Any], str]:
    """Return the settings of a source, and what it is called in messages."""
    if isinstance(source, Recipe):
        return source.settings(), "the recipe"
    if isinstance(source, Mapping):
        return dict(source), "the recipe"
    if str(source) in shipped_recipes():
        return _as_settings(parse_yaml(recipe_text(str(source)), str(source)), f"recipe {source}"), f"recipe {source}"
    path = Path(source)
    if path.suffix not in {".yaml", ".yml"} and not path.is_file():
        raise no_such_recipe(str(source))
    if not path.is_file():
        raise RecipeError(f"recipe file {not_a_file(path)}", known_recipes())
    return _as_settings(read_yaml(path), str(path)), str(path)


def _as_settings(settings: Any, origin: str) -> dict[str, Any]:
    if settings is None:
        return {}
    if not isinstance(settings, dict):
        raise RecipeError(f"{origin} must be a mapping of settings, and is a {type(settings).__name__}")
    return settings
