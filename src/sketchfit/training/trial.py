"""A trial of a recipe's training: a few updates on noise, to find what fails, and how much memory and time it takes.

The random state of the process and the engine of the run stay as they are: a run gives the same weights with a trial
and without one.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from sketchfit.config.recipe import Recipe
from sketchfit.data.store import Store
from sketchfit.data.stores import store_settings
from sketchfit.errors import UserError
from sketchfit.inference.predictor import Predictor
from sketchfit.models.faults import in_one_sentence
from sketchfit.models.freezing import apply_freezing
from sketchfit.models.lora import merge_lora
from sketchfit.models.network import Network
from sketchfit.processors import OtherLoad
from sketchfit.training.compile_trial import check_compile
from sketchfit.training.doubt import doubt_of, repeated, spread_of
from sketchfit.training.engine import TrialEngine
from sketchfit.training.job import FitJob, TeacherTargets
from sketchfit.training.loader import DataLoader
from sketchfit.training.plan import EpochPlan, make_plan
from sketchfit.training.saved_trial import try_file
from sketchfit.training.state import TrainState, start, wrap
from sketchfit.training.step import update
from sketchfit.training.tensor_bytes import kept_bytes, tensor_bytes, tensors_in
from sketchfit.training.undisturbed import quiet, same_randomness

FEW = 2
"""Images per batch of a trial: batch norm needs two."""
CHEAP_SECONDS = 1.0
"""Measurements that would take longer than this are left out."""
WARM = 2
"""Updates of a complete batch on a GPU, of which the fastest counts: the first one chooses its kernels."""


@dataclass(frozen=True)
class Trial:
    """What a trial measured.

    Attributes:
        parameters: number of parameters.
        weights: bytes of the file of weights.
        state: bytes in memory that do not depend on the batch: weights, gradients, optimizer, averages.
        checkpoint: bytes of `last.ckpt`.
        activations: bytes per image that the forward pass keeps for the backward pass, at the largest input size.
        training_seconds: per image, at the full input size; an estimate.
        prediction_seconds: per image; an estimate.
        notes: on the weights that were loaded.
        spread: of equal steps on a CPU; see `spread_of`.
        others: cores that other processes used meanwhile; None: unknown, or a GPU was measured.
    """

    parameters: int
    weights: int
    state: int
    checkpoint: int
    activations: int
    training_seconds: float
    prediction_seconds: float
    notes: tuple[str, ...] = ()
    spread: float = 0.0
    others: float | None = None

    def doubt(self, threads: int) -> str:
        """Return why the times are a guess; empty where they are not.

        Args:
            threads: of this process.
        """
        return doubt_of(self.spread, self.others, threads)


def try_training(recipe: Recipe, classes: int, device: torch.device, folder: Path) -> Trial:
    """Build the network with its loss and optimizer, make updates at each input size, save, load and predict.

    Args:
        recipe: of a member or a student. With pretrained weights that are not a local file, these are loaded.
        classes: number of classes.
        device: on which it will be trained.
        folder: existing; a temporary file of weights is written to it and deleted.

    Raises:
        UserError: any step failed.
    """
    if recipe.training.epochs == 0:  # one epoch shows that the network works
        training = recipe.training.model_copy(update={"epochs": 1})
        recipe = recipe.model_copy(update={"training": training})
    with same_randomness(device), quiet():
        try:
            if recipe.compute.compile:
                check_compile(device)
            with in_one_sentence(recipe.model, "a training step"):
                return _try(recipe, classes, device, folder)
        finally:
            gc.collect()
            if device.type == "cuda":
                torch.cuda.empty_cache()


def _try(recipe: Recipe, classes: int, device: torch.device, folder: Path) -> Trial:
    engine, load = TrialEngine(device), OtherLoad() if device.type == "cpu" else None
    job = trial_job(recipe, classes)
    few = replace(job, train_rows=job.train_rows[:FEW])
    state = start(few, engine, None)
    kept: list[int] = []
    for epoch in _kinds_of_epochs(few.recipe):
        first = _timed(lambda epoch=epoch: kept.append(_step(few, state, epoch, engine)), device)  # type: ignore[misc]
    weights = tensor_bytes(state.model.state_dict().values())
    trained = tensor_bytes(parameter for parameter in state.model.parameters() if parameter.requires_grad)
    others = tensor_bytes(
        tensors_in([state.raw_optimizer.state_dict(), state.ema and state.ema.state_dict(), state.zero])
    )
    parameters = sum(parameter.numel() for parameter in state.model.parameters())
    training_seconds, spread = _training_seconds(job, state, engine, first)
    network = Network(_finished(state, recipe), state.normalisation)
    try_file(network, recipe, folder)
    return Trial(
        parameters=parameters,
        weights=weights,
        state=weights + trained + others,
        checkpoint=weights * (2 if recipe.training.checkpoint == "best" else 1) + others,
        activations=max(kept),
        training_seconds=training_seconds,
        prediction_seconds=_prediction_seconds(job, network, device),
        notes=state.notes,
        spread=spread,
        others=load.cores() if load else None,
    )


def _finished(state: TrainState, recipe: Recipe) -> nn.Module:
    """Return the network as it is after a training; the state cannot be trained afterwards."""
    model = state.reported().eval()
    if recipe.model.lora.rank:
        merge_lora(model)
    return model


def trial_job(recipe: Recipe, classes: int) -> FitJob:
    """Return a training on noise with as many rows as a batch has images."""
    settings, rows = store_settings(recipe), max(FEW, recipe.training.batch)
    shape = (settings.size, settings.size, 1 if settings.channels == 1 else 3)
    noise = np.random.Generator(np.random.Philox(0)).integers(0, 256, (FEW, *shape), dtype=np.uint8)
    images = noise[np.arange(rows) % FEW] if rows == FEW else np.broadcast_to(noise[0], (rows, *shape))
    paper = np.full((rows, shape[2]), 255, np.uint8)
    every = np.arange(rows)
    teacher = TeacherTargets(every, np.full((rows, classes), 1 / classes, np.float32)) if recipe.loss.distill else None
    return FitJob(
        name="trial",
        recipe=recipe.model_copy(update={"training": recipe.training.model_copy(update={"accumulation": 1})}),
        store=Store(images, paper, ("",) * rows, ("",) * rows, Path(), built=False),
        label=(every % classes).astype(np.int64),
        class_count=classes,
        train_rows=every,
        valid_rows=every[:0],
        folder=Path(),
        fingerprint="",
        seed=recipe.seed,
        teacher=teacher,
    )


def _kinds_of_epochs(recipe: Recipe) -> list[EpochPlan]:
    """Return the first epoch of each input size, stage of the curriculum and phase of freezing; the full size last."""
    epochs = make_plan(recipe, FEW).epochs
    freezes = recipe.model.freeze.train != "all"
    kinds: dict[tuple[int, int, bool], EpochPlan] = {}
    for epoch in epochs:
        last = freezes and epoch is epochs[-1]
        kinds.setdefault((epoch.size, recipe.transforms.stage(epoch.epoch, len(epochs)), last), epoch)
    return sorted(kinds.values(), key=lambda epoch: epoch.size == recipe.model.size)


def _step(job: FitJob, state: TrainState, epoch: EpochPlan, engine: TrialEngine) -> int:
    """Make one update of an epoch; return the bytes per image that its forward pass keeps.

    Raises:
        UserError: the loss is not finite.
    """
    state.to_size(epoch.size)
    apply_freezing(state.model, state.freezing, epoch.epoch, job.recipe.training.epochs)
    wrap(state, engine, compiled=False)
    with (
        closing(DataLoader(job, state.normalisation, engine).updates(epoch)) as batches,
        kept_bytes(state.model) as kept,
    ):
        loss, _ = update(state, next(batches), job.recipe, engine, 0)
    if not torch.isfinite(loss):
        raise UserError("the loss of the first step is not finite", "Check model.weights, model.std and the loss.")
    return sum(kept.values()) // FEW


def _training_seconds(job: FitJob, state: TrainState, engine: TrialEngine, first: float) -> tuple[float, float]:
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
            return _timed(lambda: update(state, next(batches), part.recipe, engine, 0), engine.device)

    on_cpu = engine.device.type == "cpu"
    if on_cpu and first > CHEAP_SECONDS:
        return first / FEW, 0.0
    equal = repeated(lambda: seconds(FEW)) if on_cpu else [seconds(FEW)]
    few, batch, spread = min(equal) / FEW, len(job.train_rows), spread_of(equal)
    if batch <= FEW or (on_cpu and few * batch > CHEAP_SECONDS):
        return few, spread
    return _or_few(lambda: min(seconds(batch) for _ in range(1 if on_cpu else WARM)) / batch, few), spread


def _prediction_seconds(job: FitJob, network: Network, device: torch.device) -> float:
    """Return the time per image of probabilities; `job` has as many rows as a batch has images."""
    predictor, rows = Predictor.of(network, job.recipe, device, backend="eager"), job.train_rows
    few = _timed(lambda: predictor.probabilities(job.store, rows[:FEW]), device) / FEW
    if device.type == "cpu" and few * len(rows) > CHEAP_SECONDS:
        return few
    return _or_few(lambda: _timed(lambda: predictor.probabilities(job.store, rows), device) / len(rows), few)


def _or_few(complete: Callable[[], float], few: float) -> float:
    """Return the time per image of a complete batch; that of a few images where the memory of a GPU is too small."""
    try:
        return complete()
    except torch.OutOfMemoryError:
        return few


def _timed(work: Callable[[], object], device: torch.device) -> float:
    began = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - began
