"""How long training steps and predictions take: measured on noise, after a first step that is not counted."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, replace

import torch

from sketchfit.config.recipe import Recipe
from sketchfit.inference.predictor import Predictor
from sketchfit.models.device import synchronize
from sketchfit.models.freezing import apply_freezing
from sketchfit.models.network import Network
from sketchfit.processors import OtherLoad
from sketchfit.training.cuda_graphs import BEFORE
from sketchfit.training.doubt import doubt_of, repeated, spread_of
from sketchfit.training.frozen_maps import MapCopy, find_maps, may_use_maps
from sketchfit.training.job import FitJob
from sketchfit.training.loader import DataLoader, count_processes
from sketchfit.training.pictures import augmented
from sketchfit.training.plan import make_plan
from sketchfit.training.state import TrainState, start, wrap
from sketchfit.training.step import update
from sketchfit.training.trial_engine import TrialEngine
from sketchfit.training.trial_job import trial_job
from sketchfit.training.undisturbed import quiet, same_randomness

FEW = 8
"""Images of the first step."""

PICTURES = 64
"""Pictures whose making is timed."""

AT_ONCE = 2
"""Threads that make pictures at the same time; with more of them they are not made faster."""


@dataclass(frozen=True)
class StepRates:
    """Seconds per image: of the fastest of equal steps, because other processes only make a step slower.

    Attributes:
        training: of a training step.
        prediction: of probabilities.
        maps: of the stored output of frozen layers, per copy, in torch; 0 where the training has none.
        spread: of equal steps, the larger of both kinds; see `spread_of`.
        others: cores that other processes used meanwhile; None: unknown, or a GPU was measured.
    """

    training: float
    prediction: float
    maps: float = 0.0
    spread: float = 0.0
    others: float | None = None

    def doubt(self, threads: int) -> str:
        """Return why they are a guess; empty where they are not.

        Args:
            threads: of the trainings that they are measured for.
        """
        return doubt_of(self.spread, self.others, threads)


def measure_steps(recipe: Recipe, classes: int, device: torch.device) -> StepRates:
    """Measure a recipe's last epoch: a few steps of a complete batch.

    Args:
        recipe: of a member, with at least one epoch.
        classes: number of classes.
        device: on which it will be trained.
    """
    with same_randomness(device), quiet():
        job, engine = trial_job(recipe, classes), TrialEngine(device)
        state = start(job, engine, None)
        epoch = make_plan(job.recipe, len(job.train_rows)).epochs[-1]
        apply_freezing(state.model, state.freezing, epoch.epoch, job.recipe.training.epochs)
        copy, maps = _maps(job, state, engine)
        wrap(state, engine, job.recipe, compiled=False)
        _step(replace(job, train_rows=job.train_rows[:FEW]), state, engine, copy)
        for _ in range(BEFORE + 1 if state.graphs is not None else 0):
            _step(job, state, engine, copy)
        load = OtherLoad() if device.type == "cpu" else None
        training = repeated(lambda: _step(job, state, engine, copy))
        pictures = 0.0 if copy is not None else _picture_seconds(job, device)
        network = Network(state.reported().eval(), state.normalisation)
        predictor = Predictor.of(network, job.recipe, device, backend="eager")
        predictor.probabilities(job.store, job.train_rows[:FEW])
        prediction = repeated(lambda: _prediction(predictor, job, device))
        others, images = load.cores() if load else None, len(job.train_rows)
    spread = max(map(spread_of, (training, prediction)))
    return StepRates(max(min(training) / images, pictures), min(prediction) / images, maps, spread, others)


def _picture_seconds(job: FitJob, device: torch.device) -> float:
    """Return the seconds per image of making pictures for a GPU, which computes meanwhile; 0 for a CPU."""
    if device.type == "cpu":
        return 0.0
    epoch = make_plan(job.recipe, len(job.train_rows)).epochs[-1]
    compute, rows = job.recipe.compute, [job.train_rows[:1]] * PICTURES
    one = job.recipe.model_copy(update={"compute": compute.model_copy(update={"threads": 1})})
    began = time.perf_counter()
    for _ in augmented(replace(job, recipe=one), epoch, rows):
        pass
    alone = (time.perf_counter() - began) / PICTURES
    return alone / (count_processes(compute, device) or min(AT_ONCE, compute.threads))


def _maps(job: FitJob, state: TrainState, engine: TrialEngine) -> tuple[MapCopy | None, float]:
    """Return the stored output of frozen layers, and its seconds per image; none where the training has none."""
    epoch = make_plan(job.recipe, len(job.train_rows)).epochs[-1]
    if may_use_maps(job.recipe, epoch):
        state.maps = find_maps(job, state.model, state.normalisation, engine.device)
    if state.maps is None:
        return None, 0.0
    state.maps.in_memory(epoch)
    began = time.perf_counter()
    copy = state.maps.in_memory(epoch)
    return copy, (time.perf_counter() - began) / len(job.label)


def _step(job: FitJob, state: TrainState, engine: TrialEngine, copy: MapCopy | None) -> float:
    epoch = make_plan(job.recipe, len(job.train_rows)).epochs[-1]
    state.model.train()
    with closing(DataLoader(job, state.normalisation, engine).updates(epoch, 0, copy)) as batches:
        micros = next(batches)
        began = time.perf_counter()
        update(state, micros, job.recipe, engine, 0)
        synchronize(engine.device)
        return time.perf_counter() - began


def _prediction(predictor: Predictor, job: FitJob, device: torch.device) -> float:
    began = time.perf_counter()
    predictor.probabilities(job.store, job.train_rows)
    synchronize(device)
    return time.perf_counter() - began
