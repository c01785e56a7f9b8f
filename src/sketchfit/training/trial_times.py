"""The times of a trial: how long updates and predictions take per image."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import torch

from sketchfit.inference.predictor import Predictor
from sketchfit.models.device import is_out_of_memory, synchronize
from sketchfit.models.network import Network
from sketchfit.training.cuda_graphs import BEFORE
from sketchfit.training.doubt import repeated, shortest, spread_of
from sketchfit.training.job import FitJob
from sketchfit.training.loader import DataLoader
from sketchfit.training.plan import make_plan
from sketchfit.training.state import TrainState
from sketchfit.training.step import update
from sketchfit.training.trial_engine import TrialEngine
from sketchfit.training.trial_job import FEW

CHEAP_SECONDS = 1.0
"""A complete batch that would take longer than this on a CPU is not measured but extrapolated; where a few images take
longer, that is the estimate."""
WARM = BEFORE + 3
"""Updates of a complete batch on a GPU, of which the fastest counts: kernels are chosen and a graph is recorded in the
first ones."""
MORE = 8
"""Images of the second measurement from which a complete batch is extrapolated."""


def training_times(job: FitJob, state: TrainState, engine: TrialEngine) -> tuple[float, float]:
    """Return the time per image of an update at the full size, and the spread of equal updates.

    An update was made before: the first one, with few images, takes longer than others, since kernels are chosen.

    Args:
        job: with as many rows as a batch has images.
        state: of the training.
        engine: of its device.
    """

    def seconds(images: int) -> float:
        part = replace(job, train_rows=job.train_rows[:images])
        epoch = make_plan(part.recipe, images).epochs[-1]
        with closing(DataLoader(part, state.normalisation, engine).updates(epoch)) as batches:
            return timed(lambda: update(state, next(batches), part.recipe, engine, 0), engine.device)

    batch = len(job.train_rows)
    if engine.device.type == "cpu":
        if (first := seconds(FEW)) > CHEAP_SECONDS:
            return first / FEW, 0.0
        equal = repeated(lambda: seconds(FEW))
        least = min(equal)
        return _or_few(lambda: extrapolated(seconds, least, batch), least / FEW), spread_of(equal)
    few = seconds(FEW) / FEW
    return (few if batch <= FEW else _or_few(lambda: min(seconds(batch) for _ in range(WARM)) / batch, few)), 0.0


def prediction_seconds(job: FitJob, network: Network, device: torch.device) -> float:
    """Return the time per image of probabilities; `job` has as many rows as a batch has images."""
    predictor, rows = Predictor.of(network, job.recipe, device, backend="eager"), job.train_rows

    def seconds(images: int) -> float:
        return timed(lambda: predictor.probabilities(job.store, rows[:images]), device)

    few = seconds(FEW)  # includes what only the first call does
    if device.type == "cpu":
        return extrapolated(seconds, min(few, seconds(FEW)), len(rows))
    return _or_few(lambda: seconds(len(rows)) / len(rows), few / FEW)


def extrapolated(seconds: Callable[[int], float], few: float, batch: int) -> float:
    """Return the time per image of a complete batch on a CPU, which is measured only where that is cheap.

    Otherwise the time of a batch is a constant, such as that of the optimizer, plus a time per image. Both are taken
    from batches of `FEW` and `MORE` images. The first batch of a size counts only where it is the fastest, as memory
    is taken from the system for it and kernels are chosen. A batch that still takes longer per image than a few images
    is measured again: something disturbed it.

    Args:
        seconds: takes a number of images and returns the time of a batch of them.
        few: the time of `FEW` images, in seconds.
        batch: number of images of a complete batch.

    Examples:
        >>> extrapolated(lambda images: 0.5 + 0.25 * images, few=1.0, batch=100)
        0.255
        >>> extrapolated(lambda images: 0.01 * images, few=0.02, batch=100)
        0.01
    """
    if batch <= FEW or few > CHEAP_SECONDS:
        return few / FEW
    if few / FEW * batch <= CHEAP_SECONDS or batch <= MORE:
        return _warm(seconds, batch, few) / batch
    more = _warm(seconds, MORE, few)
    each = (more - few) / (MORE - FEW)
    if each <= 0:  # something disturbed the first measurement
        return more / MORE
    complete = few + each * (batch - FEW)
    return (_warm(seconds, batch, few) if complete <= CHEAP_SECONDS else complete) / batch


def _warm(seconds: Callable[[int], float], images: int, few: float) -> float:
    """Return the time of a batch that is not the first one of its size."""
    first = seconds(images)
    return min(first, shortest(lambda: seconds(images), few / FEW * images))


def _or_few(complete: Callable[[], float], few: float) -> float:
    """Return the time per image of a complete batch; that of a few images where the memory of a GPU is too small."""
    try:
        return complete()
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        return few


def timed(work: Callable[[], object], device: torch.device) -> float:
    """Return the seconds of some work on a device."""
    began = time.perf_counter()
    work()
    synchronize(device)
    return time.perf_counter() - began
