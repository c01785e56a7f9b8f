"""`sketchfit.load_recipe`."""

from __future__ import annotations

from typing import Any

from sketchfit.commands.request import Changes, RecipeSource
from sketchfit.config.keywords import keyword_settings
from sketchfit.config.load import load_recipe as load_checked
from sketchfit.config.overrides import merge, settings_of
from sketchfit.config.recipe import Recipe


def load_recipe(source: RecipeSource = "cpu", overrides: Changes = (), **settings: Any) -> Recipe:
    """Return a recipe, after every check that needs neither torch nor the data.

    Args:
        source: name of a shipped recipe, path of a YAML file, nested settings, or a `Recipe` to be changed.
        overrides: nested settings, or `key=value` texts, that change it.
        **settings: settings by name, such as `epochs=3`; see `run`.

    Returns:
        The recipe, which `run` and the other functions take; `save` writes it into a file.

    Raises:
        RecipeError: all mistakes together: unknown and ill-typed keys with the nearest name, files that do not exist,
            settings that contradict each other.

    Examples:
        >>> import sketchfit
        >>> recipe = sketchfit.load_recipe("cpu", epochs=3, backbone="resnet18")
        >>> recipe.training.epochs, recipe.model.backbone
        (3, 'resnet18')
        >>> sketchfit.load_recipe(recipe, lr=1e-3).optimizer.lr
        0.001
        >>> try:
        ...     sketchfit.load_recipe("cpu", epochs=-1, bachbone="resnet18")
        ... except sketchfit.RecipeError as error:
        ...     print(error.problems[0])
        there is no setting 'bachbone'; the nearest is 'backbone'
    """
    return load_checked(source, merge(settings_of(overrides), keyword_settings(settings)))
