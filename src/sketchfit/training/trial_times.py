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
from sketchfit.training.doubt import repeated, spread_of
from sketchfit.training.engine import TrialEngine
from sketchfit.training.job import FitJob
from sketchfit.training.loader import DataLoader
from sketchfit.training.plan import make_plan
from sketchfit.training.state import TrainState
from sketchfit.training.step import update
from sketchfit.training.trial_job import FEW

CHEAP_SECONDS = 1.0
"""Measurements that would take longer than this are left out."""
WARM = 2
"""Updates of a complete batch on a GPU, of which the fastest counts: the first one chooses its kernels."""


def training_times(job: FitJob, state: TrainState, engine: TrialEngine, first: float) -> tuple[float, float]:
    """Return the time per image of an update at the full size, and the spread of equal updates.

    On a GPU the first update includes the start of the device, and a few images take as long as a batch.

    Args:
        job: with as many rows as a batch has images.
        first: time of the first update of few images, which is used on a CPU where another one would take long.
    """

    def seconds(images: int) -> float:
        part = replace(job, train_rows=job.train_rows[:images])
        epoch = make_plan(part.recipe, images).epochs[-1]
        with closing(DataLoader(part, state.normalisation, engine).updates(epoch)) as batches:
            return timed(lambda: update(state, next(batches), part.recipe, engine, 0), engine.device)

    on_cpu = engine.device.type == "cpu"
    if on_cpu and first > CHEAP_SECONDS:
        return first / FEW, 0.0
    equal = repeated(lambda: seconds(FEW)) if on_cpu else [seconds(FEW)]
    few, batch, spread = min(equal) / FEW, len(job.train_rows), spread_of(equal)
    if batch <= FEW or (on_cpu and few * batch > CHEAP_SECONDS):
        return few, spread
    return _or_few(lambda: min(seconds(batch) for _ in range(1 if on_cpu else WARM)) / batch, few), spread


def prediction_seconds(job: FitJob, network: Network, device: torch.device) -> float:
    """Return the time per image of probabilities; `job` has as many rows as a batch has images."""
    predictor, rows = Predictor.of(network, job.recipe, device, backend="eager"), job.train_rows
    few = timed(lambda: predictor.probabilities(job.store, rows[:FEW]), device) / FEW
    if device.type == "cpu" and few * len(rows) > CHEAP_SECONDS:
        return few
    return _or_few(lambda: timed(lambda: predictor.probabilities(job.store, rows), device) / len(rows), few)


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
