"""How long the networks of a run take for an image: an estimate from a few forward passes."""

from __future__ import annotations

import time

import numpy as np
import torch

from sketchfit.config.recipe import Recipe
from sketchfit.inference.run_predictor import RunPredictor, load_predictor
from sketchfit.inference.tta import count_pictures, parse_views
from sketchfit.runs.networks import NetworkFolder
from sketchfit.runs.run import Run

SECONDS = 0.5
"""For each of the timed repeats of a network, about."""

_REPEATS = 3
_MOST_PICTURES = 64


def run_milliseconds(run: Run, device: torch.device) -> float:
    """Estimate the time of all forward passes that an answer of a run takes, in milliseconds per image.

    One network of each member is timed; its other networks and views are assumed to take as long. Reading and resizing
    of images is not included.

    Args:
        run: that is finished.
        device: on which the networks compute.

    Raises:
        UserError: the run has no networks, or a file of its answers is missing.
    """
    predictor = RunPredictor.of(run)
    total = 0.0
    for member in predictor.members:
        passes = len(member.networks) * count_pictures(parse_views(member.views.names))
        total += passes * network_milliseconds(member.networks[0], member.recipe, predictor.classes, device)
    return total


def network_milliseconds(folder: NetworkFolder, recipe: Recipe, classes: int, device: torch.device) -> float:
    """Time a network's forward passes on blank pictures: the fastest of three repeats, in milliseconds per picture.

    Args:
        folder: of the network.
        recipe: of its member.
        classes: that it predicts.
        device: on which it computes.

    Raises:
        UserError: its weights are missing or damaged.
    """
    predictor = load_predictor(folder, recipe, _MOST_PICTURES, classes, device)
    side, channels = recipe.model.size, recipe.data.picture_channels
    blank = np.full((_MOST_PICTURES, side, side, channels), 255, dtype=np.uint8)

    def seconds(count: int) -> float:
        began = time.perf_counter()
        predictor.predict(blank[:count])
        return time.perf_counter() - began

    seconds(1)  # the first pass also sets up the network
    count = int(np.clip(SECONDS / max(seconds(1), 1e-6), 1, _MOST_PICTURES))
    return 1000 * min(seconds(count) for _ in range(_REPEATS)) / count
