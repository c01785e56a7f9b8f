"""The cost of predictions: images per second of an ensemble and of a student, measured in turns on the same images."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.recipe import Recipe
from sketchfit.data.store import Store
from sketchfit.inference.predictor import Predictor
from sketchfit.inference.tta import parse_views
from sketchfit.models.network import Network
from sketchfit.runs.artefacts import Cost
from sketchfit.training.engine import Engine

IMAGES = 128
"""Images per turn."""

TURNS = 3
"""Turns of each; other work on the machine then slows both down equally."""

MANY = 1_000_000
"""Images for which a backend is chosen: the conversion of a network is not timed, so it is assumed to be worth it."""


@dataclass(frozen=True)
class TimedNetwork:
    """A network, on the engine's device, that represents several of the same cost.

    Attributes:
        network: that is timed.
        recipe: of its member.
        store: images of the training table for its member.
        views: names of the views per image.
        count: networks that it represents, itself included.
    """

    network: Network
    recipe: Recipe
    store: Store
    views: tuple[str, ...]
    count: int

    @property
    def parameters(self) -> int:
        """Parameters of all networks that it represents."""
        return self.count * sum(parameter.numel() for parameter in self.network.model.parameters())


def measure_cost(
    ensemble: Sequence[TimedNetwork],
    student: TimedNetwork,
    rows: NDArray[np.int64],
    engine: Engine,
    images: int = IMAGES,
) -> Cost:
    """Time an ensemble and a student in turns, each by its recipe's backend, after a turn that is not timed.

    Args:
        ensemble: its networks.
        student: its network.
        rows: readable rows of the stores, int64; repeated where they are fewer than `images`.
        engine: device.
        images: per turn.
    """
    shown = np.resize(rows, images)
    # Built once: a backend converts its network at the first batch.
    sides = [
        [(one, Predictor.of(one.network, one.recipe, engine.device, images=MANY)) for one in side]
        for side in (ensemble, [student])
    ]
    for side in sides:
        _seconds(side, shown)
    turns = [[images / _seconds(side, shown) for side in sides] for _ in range(TURNS)]
    return Cost(
        device=str(engine.device),
        threads=student.recipe.compute.threads,
        images=images,
        ensemble_networks=sum(one.count for one in ensemble),
        student_networks=student.count,
        ensemble_parameters=sum(one.parameters for one in ensemble),
        student_parameters=student.parameters,
        ensemble_rates=tuple(round(turn[0], 2) for turn in turns),
        student_rates=tuple(round(turn[1], 2) for turn in turns),
    )


def _seconds(side: Sequence[tuple[TimedNetwork, Predictor]], rows: NDArray[np.int64]) -> float:
    total = 0.0
    for one, predictor in side:
        began = time.perf_counter()
        predictor.views(one.store, rows, parse_views(one.views))
        total += one.count * (time.perf_counter() - began)
    return total
