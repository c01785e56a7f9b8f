"""`recipe.yaml` of a run's folder, also as older versions wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from sketchfit.checksum import DamagedError, digest_of
from sketchfit.config.parse import parse_recipe
from sketchfit.config.recipe import Recipe
from sketchfit.config.yaml_files import MOST_BYTES, load_yaml
from sketchfit.errors import RecipeError, RunError
from sketchfit.files import write_text
from sketchfit.regular import read_regular
from sketchfit.runs.artefact import AGAIN

GONE = ("ensemble.guessed_accuracy",)
"""Settings that older versions wrote and nothing reads any more."""

CHECKSUM = "# checksum of the settings: "
"""Begin of the first line: a file that is cut off has it."""


def write_recipe(path: Path, recipe: Recipe) -> None:
    """Write the complete recipe of a run, every default included, with a checksum in a comment."""
    text = recipe.to_yaml()
    write_text(path, f"{CHECKSUM}{digest_of(yaml.safe_load(text))}\n{text}")


def read_recipe(path: Path) -> Recipe:
    """Read the recipe of a run.

    Raises:
        UserError: the file is missing, damaged, or holds settings that this version does not know.
    """
    try:
        return parse_recipe(upgraded(read_settings(path)), str(path))
    except RecipeError as error:
        raise RunError(error.problems, error.hint) from error


def read_settings(path: Path) -> dict[str, Any]:
    """Read the recipe as plain settings, as they are stored.

    Raises:
        UserError: the file is missing or damaged.
    """
    try:
        text = read_regular(path, MOST_BYTES).decode("utf-8")
        settings = load_yaml(text)
        _check(text, settings)
    except FileNotFoundError as error:
        raise RunError(f"{path} is missing", "Give the folder that `sketchfit run` wrote.") from error
    except (ValueError, TypeError, RecursionError, yaml.YAMLError) as error:
        raise RunError(f"{path} is damaged: {error}", AGAIN) from error
    if not isinstance(settings, dict):
        raise RunError(f"{path} holds no settings", AGAIN)
    return settings


def _check(text: str, settings: object) -> None:
    """Compare settings with the checksum in the first line; a file without one is accepted."""
    first, *_ = text.splitlines() or [""]
    if first.startswith(CHECKSUM) and first.removeprefix(CHECKSUM).strip() != digest_of(settings):
        raise DamagedError("its first line")


def upgraded(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings that an older version wrote without those that are gone."""
    kept = dict(settings)
    for key in GONE:
        section, _, name = key.partition(".")
        if isinstance(part := kept.get(section), Mapping) and name in part:
            kept[section] = {key: value for key, value in part.items() if key != name}
    return kept
