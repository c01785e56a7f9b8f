"""What answers for a trained network in a run: the recipe's backend, told where it can't be used."""

from __future__ import annotations

import sys
from collections.abc import Callable

import torch

from sketchfit.config.recipe import Recipe
from sketchfit.models.backbone import Network
from sketchfit.models.backends.answer import Answer
from sketchfit.models.backends.build import build_answer


def to_stderr(line: str) -> None:
    """Tell where standard output may be a table."""
    print(line, file=sys.stderr)


def network_answer(
    network: Network,
    recipe: Recipe,
    images: int,
    device: torch.device,
    say: Callable[[str], None] = to_stderr,
) -> Answer:
    """What computes the probabilities of so many pictures by a network that is on this device."""
    return build_answer(
        network,
        recipe.inference.backend,
        images=images,
        size=recipe.model.input_size,
        device=device,
        precision=recipe.compute.precision,
        channels_last=recipe.compute.channels_last,
        say=say,
    )


def fold_answer(network: Network, recipe: Recipe, images: int, device: torch.device) -> Answer | None:
    """The same for a fold's own rows, where `auto` is torch: whoever trains the fold again gets the same bits, whatever
    else is installed."""
    return None if recipe.inference.backend == "auto" else network_answer(network, recipe, images, device)
