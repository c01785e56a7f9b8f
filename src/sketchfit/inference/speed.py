"""How long the networks of runs take for an image: an estimate from a few forward passes, for all of them in turns."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from sketchfit.config.recipe import Recipe
from sketchfit.inference.predictor import Predictor
from sketchfit.inference.run_predictor import RunPredictor, load_predictor
from sketchfit.inference.tta import count_pictures, parse_views
from sketchfit.models.backend import Pictures
from sketchfit.runs.networks import NetworkFolder
from sketchfit.runs.run import Run

PICTURES = 16
"""In a batch that is timed; fewer where a batch would take longer than `LONGEST`."""

LONGEST = 1.0
"""Seconds."""

FEWEST_TURNS, TURNS = 3, 15
"""Many short turns: other work rarely disturbs all of them."""

ENOUGH = 2.0
"""Seconds for each network, after which there are no more turns than the fewest."""


@dataclass(frozen=True)
class TimedPasses:
    """A network of a member of a run, on a device, and blank pictures for it.

    Attributes:
        predictor: of the network.
        pictures: of a turn.
        passes: forward passes per image of all networks and views of the member; each is assumed to take as long.
    """

    predictor: Predictor
    pictures: Pictures
    passes: int

    def milliseconds(self) -> float:
        """Time a turn, in milliseconds per image."""
        return self.passes * 1000 * _seconds(self.predictor, self.pictures) / len(self.pictures)


def timed_passes(run: Run, device: torch.device) -> list[TimedPasses]:
    """Prepare the timing of a run: one network of each member.

    Args:
        run: that is finished.
        device: on which the networks compute.

    Raises:
        UserError: the run has no networks, or a file of its answers is missing.
    """
    found, complete = [], RunPredictor.of(run)
    for member in complete.members:
        passes = len(member.networks) * count_pictures(parse_views(member.views.names))
        found.append(timed_network(member.networks[0], member.recipe, complete.classes, device, passes))
    return found


def timed_network(
    folder: NetworkFolder, recipe: Recipe, classes: int, device: torch.device, passes: int = 1
) -> TimedPasses:
    """Prepare the timing of one network, after passes that are not timed.

    Args:
        folder: of the network.
        recipe: of its member.
        classes: that it predicts.
        device: on which it computes.
        passes: see `TimedPasses`.

    Raises:
        UserError: its weights are missing or damaged.
    """
    predictor = load_predictor(folder, recipe, PICTURES, classes, device)
    side = recipe.model.size
    blank = np.full((PICTURES, side, side, recipe.data.picture_channels), 255, dtype=np.uint8)
    _seconds(predictor, blank[:1])  # the first passes also set up the network
    count = int(np.clip(LONGEST / max(_seconds(predictor, blank[:1]), 1e-6), 1, PICTURES))
    _seconds(predictor, blank[:count])
    return TimedPasses(predictor, blank[:count], passes)


def fastest(runs: Sequence[Sequence[TimedPasses]]) -> list[float]:
    """Time runs in turns, so that other work on the machine slows all of them down; the fastest turn of each counts.

    Returns:
        Milliseconds per image, without reading and resizing it.
    """
    turns: list[list[list[float]]] = []
    began, networks = time.perf_counter(), sum(map(len, runs))
    while len(turns) < FEWEST_TURNS or (len(turns) < TURNS and time.perf_counter() - began < ENOUGH * networks):
        turns.append([[one.milliseconds() for one in run] for run in runs])
    return [sum(min(turn[place][k] for turn in turns) for k in range(len(run))) for place, run in enumerate(runs)]


def _seconds(predictor: Predictor, pictures: Pictures) -> float:
    began = time.perf_counter()
    predictor.predict(pictures)
    return time.perf_counter() - began
