"""What an answer costs: images a second of an ensemble and of one network, taken turn by turn on the same drawings."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.recipe import Recipe
from sketchfit.data.store import Store
from sketchfit.inference.predictor import Predictor
from sketchfit.inference.tta import parse_views
from sketchfit.models.network import Network
from sketchfit.training.engine import Engine

IMAGES = 128
"""Drawings that a turn answers."""

TURNS = 3
"""Turns of each; other work on the machine then slows both down alike."""

MANY = 1_000_000
"""Drawings that a backend is chosen for: converting a network is not timed, so it counts as paid for."""


@dataclass(frozen=True)
class TimedNetwork:
    """A network, on the engine's device, that stands for several of its kind.

    Attributes:
        store: images of the training table as the network takes them.
        views: of a drawing that it answers.
        count: networks of its kind that answer each drawing.
    """

    network: Network
    recipe: Recipe
    store: Store
    views: tuple[str, ...]
    count: int

    @property
    def parameters(self) -> int:
        """Of all its kind."""
        return self.count * sum(parameter.numel() for parameter in self.network.model.parameters())


@dataclass(frozen=True)
class Cost:
    """What an ensemble's answers cost, and a student's, from decoded images on.

    Attributes:
        device: that they were timed on.
        threads: that prepared images.
        images: drawings a turn.
        ensemble_networks, student_networks: that answer each drawing.
        ensemble_parameters, student_parameters: of all these networks.
        ensemble_rates, student_rates: images a second of each turn.
    """

    device: str
    threads: int
    images: int
    ensemble_networks: int
    student_networks: int
    ensemble_parameters: int
    student_parameters: int
    ensemble_rates: tuple[float, ...]
    student_rates: tuple[float, ...]

    @property
    def times_as_fast(self) -> float:
        """The student's rate over the ensemble's, median over turns."""
        pairs = zip(self.student_rates, self.ensemble_rates, strict=True)
        return median(student / ensemble for student, ensemble in pairs)

    def __str__(self) -> str:
        return (
            f"{median(self.student_rates):,.0f} images/s by {_networks(self.student_networks, self.student_parameters)}"
            f", the whole ensemble {median(self.ensemble_rates):,.0f} by "
            f"{_networks(self.ensemble_networks, self.ensemble_parameters)}: {self.times_as_fast:.1f} times as fast"
        )


def measure_cost(
    ensemble: Sequence[TimedNetwork],
    student: TimedNetwork,
    rows: NDArray[np.int64],
    engine: Engine,
    images: int = IMAGES,
) -> Cost:
    """Time an ensemble and a student turn by turn, each by its recipe's backend, after a turn that is not timed.

    One network of a kind is timed and counts for all of them.

    Args:
        rows: readable rows of the stores, int64; repeated where they are fewer than `images`.
    """
    shown = np.resize(rows, images)
    # Made once: a backend converts its network at the first batch.
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


def _networks(count: int, parameters: int) -> str:
    return f"{count} network{'s' * (count > 1)} ({parameters / 1e6:,.1f} M parameters)"
