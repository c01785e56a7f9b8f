"""A trial of a recipe's training: a few updates on noise, to find what fails, and how much memory and time it takes.

The random state of the process and the engine of the run stay as they are: a run gives the same weights with a trial
and without one.
"""

from __future__ import annotations

import gc
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import nn

from sketchfit.config.recipe import Recipe
from sketchfit.errors import UserError
from sketchfit.models.device import release_cached_memory
from sketchfit.models.faults import in_one_sentence
from sketchfit.models.freezing import apply_freezing
from sketchfit.models.lora import merge_lora
from sketchfit.models.network import Network
from sketchfit.processors import OtherLoad
from sketchfit.training.compile_trial import check_compile
from sketchfit.training.doubt import doubt_of
from sketchfit.training.frozen_inputs import update_features
from sketchfit.training.job import FitJob
from sketchfit.training.loader import DataLoader
from sketchfit.training.plan import EpochPlan, make_plan
from sketchfit.training.saved_trial import try_file
from sketchfit.training.state import TrainState, start, wrap
from sketchfit.training.step import update
from sketchfit.training.tensor_bytes import kept_bytes, tensor_bytes, tensors_in
from sketchfit.training.trial_caches import CachedValues, cached_values
from sketchfit.training.trial_engine import TrialEngine
from sketchfit.training.trial_job import FEW, trial_job
from sketchfit.training.trial_times import prediction_seconds, training_times
from sketchfit.training.undisturbed import quiet, same_randomness


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
        cached: what a training adds to the cache.
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
    cached: CachedValues = field(default_factory=CachedValues)

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
            release_cached_memory(device)


def _try(recipe: Recipe, classes: int, device: torch.device, folder: Path) -> Trial:
    engine, load = TrialEngine(device), OtherLoad() if device.type == "cpu" else None
    job = trial_job(recipe, classes)
    few = replace(job, train_rows=job.train_rows[:FEW])
    state = start(few, engine, None)
    cached = cached_values(job, state, device)
    kept: list[int] = []
    for epoch in _kinds_of_epochs(few.recipe):
        kept.append(_step(few, state, epoch, engine))
    weights = tensor_bytes(state.model.state_dict().values())
    trained = tensor_bytes(parameter for parameter in state.model.parameters() if parameter.requires_grad)
    others = tensor_bytes(
        tensors_in([state.raw_optimizer.state_dict(), state.ema and state.ema.state_dict(), state.zero])
    )
    parameters = sum(parameter.numel() for parameter in state.model.parameters())
    training_seconds, spread = training_times(job, state, engine)
    network = Network(_finished(state, recipe), state.normalisation)
    try_file(network, recipe, folder)
    return Trial(
        parameters=parameters,
        weights=weights,
        state=weights + trained + others,
        checkpoint=weights * (2 if recipe.training.checkpoint == "best" else 1) + others,
        activations=max(kept),
        training_seconds=training_seconds,
        prediction_seconds=prediction_seconds(job, network, device),
        notes=state.notes,
        spread=spread,
        others=load.cores() if load else None,
        cached=cached,
    )


def _finished(state: TrainState, recipe: Recipe) -> nn.Module:
    """Return the network as it is after a training; the state cannot be trained afterwards."""
    model = state.reported().eval()
    if recipe.model.lora.rank:
        merge_lora(model)
    return model


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

    Where the epoch trains only the head, a second update is made on features.

    Raises:
        UserError: the loss is not finite.
    """
    state.to_size(epoch.size)
    apply_freezing(state.model, state.freezing, epoch.epoch, job.recipe.training.epochs)
    wrap(state, engine, job.recipe, compiled=False)
    with kept_bytes(state.model) as kept:
        _update(job, state, epoch, engine)
    if update_features(job, state, epoch):
        wrap(state, engine, job.recipe, compiled=False)
        _update(job, state, epoch, engine)
        state.features = None
        wrap(state, engine, job.recipe, compiled=False)
    return sum(kept.values()) // FEW


def _update(job: FitJob, state: TrainState, epoch: EpochPlan, engine: TrialEngine) -> None:
    with closing(DataLoader(job, state.normalisation, engine).updates(epoch, frozen=state.features)) as batches:
        loss, _ = update(state, next(batches), job.recipe, engine, 0)
    if not torch.isfinite(loss):
        raise UserError("the loss of the first step is not finite", "Check model.weights, model.std and the loss.")
