"""Measures how long the networks of an ablation's variants take for an image."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import torch

from sketchfit.config.parse import member_recipes
from sketchfit.config.recipe import Recipe
from sketchfit.errors import UserError
from sketchfit.inference.speed import TimedPasses, fastest, timed_network
from sketchfit.runs.fingerprint import digest
from sketchfit.runs.folder import RunFolder

log = logging.getLogger(__name__)


def time_variants(
    recipes: Sequence[Recipe], folders: Sequence[RunFolder], classes: int, device: torch.device
) -> list[float | None]:
    """Measure one network of each variant in turns, in milliseconds per image.

    Variants whose networks and inputs are equal share one measurement.

    Args:
        recipes: of the variants, one member each.
        folders: of one training of each variant.
        classes: that the networks predict.
        device: on which they compute.

    Returns:
        One per variant. None for all where all have the same network and input, or where one cannot be measured.
    """
    keys = [_key(recipe) for recipe in recipes]
    if len(set(keys)) < 2:
        return [None] * len(recipes)
    distinct = {key: place for place, key in reversed(list(enumerate(keys)))}
    try:
        passes = [[_network(recipes[place], folders[place], classes, device)] for place in distinct.values()]
    except (UserError, RuntimeError, OSError, ValueError) as error:
        log.info(f"note: times per image are not measured: {error}")
        return [None] * len(recipes)
    times = dict(zip(distinct, fastest(passes), strict=True))
    return [times[key] for key in keys]


def _network(recipe: Recipe, folder: RunFolder, classes: int, device: torch.device) -> TimedPasses:
    ((name, own),) = member_recipes(recipe).items()
    networks = folder.networks(name)
    if not networks:
        raise UserError(f"{folder.path} holds no trained network")
    return timed_network(networks[0], own, classes, device)


def _key(recipe: Recipe) -> str:
    """Return a digest of the settings on which the time depends."""
    sections = [section.model_dump(mode="json") for section in (recipe.model, recipe.compute)]
    return digest([*sections, recipe.data.picture_channels, recipe.inference.backend])
