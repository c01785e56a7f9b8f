"""The recipes in the package."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from sketchfit.errors import RecipeError
from sketchfit.registry import nearest


def shipped_recipes() -> tuple[str, ...]:
    """Return the names of the recipes in the package, sorted."""
    return tuple(sorted(entry.name[:-5] for entry in _folder().iterdir() if entry.name.endswith(".yaml")))


def recipe_text(name: str) -> str:
    """Return the YAML text of a shipped recipe, comments included.

    Raises:
        UserError: there is no such recipe.
    """
    if name not in shipped_recipes():
        raise no_such_recipe(name)
    return str((_folder() / f"{name}.yaml").read_text(encoding="utf-8"))


def no_such_recipe(name: str) -> RecipeError:
    """Return the error about the name of a recipe that does not exist."""
    return RecipeError(f"no recipe is named {name!r}{nearest(name, shipped_recipes())}", known_recipes())


def known_recipes() -> str:
    """Return a hint that lists the shipped recipes."""
    return f"Shipped recipes: {', '.join(shipped_recipes())}. Any YAML file works too."


def _folder() -> Any:
    return files("sketchfit.config") / "recipes"
