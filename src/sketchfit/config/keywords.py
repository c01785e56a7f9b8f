"""Settings as keyword arguments of Python: `epochs=3`, `head__name="mlp"`, `training={"epochs": 3}`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

from sketchfit.config.overrides import merge
from sketchfit.config.problems import setting_names
from sketchfit.config.recipe import Recipe
from sketchfit.config.training import TrainingSection
from sketchfit.errors import Problems, RecipeError
from sketchfit.registry import nearest

BETWEEN = "__"
"""Between the names of a section and a setting, where a dotted key has a dot."""


def keyword_settings(keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Return keyword arguments as nested settings.

    A name stands for the section or setting of that name at the top of the recipe, else for that of the section
    `training`, else for the only one in the recipe. With `__` it is a complete key: `folds__train` is `folds.train`.

    Args:
        keywords: by name; a `Path` is taken as text.

    Raises:
        RecipeError: names that no setting has, with the nearest one; names that several have, with all of these.

    Examples:
        >>> keyword_settings({"epochs": 3, "backbone": "resnet18", "folds__seed": 1})
        {'training': {'epochs': 3}, 'model': {'backbone': 'resnet18'}, 'folds': {'seed': 1}}
    """
    problems, settings = Problems(), dict[str, Any]()
    for name, value in keywords.items():
        nested: Any = str(value) if isinstance(value, Path) else value
        key = problems.collect(partial(setting_key, name))
        for part in reversed((key or name).split(".")):
            nested = {part: nested}
        settings = merge(settings, nested)
    problems.stop()
    return settings


def setting_key(name: str) -> str:
    """Return the dotted key of a keyword; see `keyword_settings`.

    Raises:
        RecipeError: no setting has this name, or several have.

    Examples:
        >>> setting_key("epochs"), setting_key("lr"), setting_key("model__head__name")
        ('training.epochs', 'optimizer.lr', 'model.head.name')
    """
    if BETWEEN in name:
        return name.replace(BETWEEN, ".")
    known = _keys_by_name()
    if name in Recipe.model_fields:
        return name
    if name in TrainingSection.model_fields:
        return f"training.{name}"
    if name not in known:
        raise RecipeError(
            f"there is no setting {name!r}{nearest(name, tuple(known))}",
            "`sketchfit options settings` lists every setting.",
        )
    if len(known[name]) > 1:
        choices = ", ".join(key.replace(".", BETWEEN) for key in known[name])
        raise RecipeError(f"several settings are called {name!r}", f"Name one of them: {choices}.")
    return known[name][0]


@cache
def _keys_by_name() -> dict[str, list[str]]:
    """Return the keys of all sections and settings by their last part."""
    found: dict[str, list[str]] = {}
    for key in setting_names():
        found.setdefault(key.rpartition(".")[2], []).append(key)
    return found
