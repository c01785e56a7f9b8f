"""`recipe.yaml` of a run's folder, also as older versions wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from sketchfit.config.parse import parse_recipe
from sketchfit.config.recipe import Recipe
from sketchfit.config.yaml_files import MOST_BYTES, load_yaml
from sketchfit.errors import UserError
from sketchfit.regular import read_regular
from sketchfit.runs.artefact import AGAIN

GONE = ("ensemble.guessed_accuracy",)
"""Settings that older versions wrote and nothing reads any more."""


def read_recipe(path: Path) -> Recipe:
    """Read the recipe of a run.

    Raises:
        UserError: the file is missing, damaged, or holds settings that this version does not know.
    """
    return parse_recipe(upgraded(read_settings(path)), str(path))


def read_settings(path: Path) -> dict[str, Any]:
    """Read the recipe as plain settings, as they are stored.

    Raises:
        UserError: the file is missing or damaged.
    """
    try:
        settings = load_yaml(read_regular(path, MOST_BYTES).decode("utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing", "Give the folder that `sketchfit run` wrote.") from error
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise UserError(f"{path} is damaged: {error}", AGAIN) from error
    if not isinstance(settings, dict):
        raise UserError(f"{path} holds no settings", AGAIN)
    return settings


def upgraded(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings that an older version wrote without those that are gone."""
    kept = dict(settings)
    for key in GONE:
        section, _, name = key.partition(".")
        if isinstance(part := kept.get(section), Mapping) and name in part:
            kept[section] = {key: value for key, value in part.items() if key != name}
    return kept
