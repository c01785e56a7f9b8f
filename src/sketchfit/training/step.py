"""One update: forward, backward, clip, step."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from sketchfit.config.recipe import Recipe
from sketchfit.models.bf16_products import bf16_products
from sketchfit.models.compute import autocast
from sketchfit.training.engine import Engine
from sketchfit.training.join import lost_process_named
from sketchfit.training.micro import Micro
from sketchfit.training.sam import paused_statistics
from sketchfit.training.state import TrainState
from sketchfit.training.stopping import stopped_without_trace
from sketchfit.training.synced_norm import SyncedBatchNorm


def update(
    state: TrainState, micros: list[Micro], recipe: Recipe, engine: Engine, torch_seed: int
) -> tuple[Tensor, Tensor]:
    """Make one update of the weights from one or several batches.

    Args:
        micros: batches whose gradients are summed.
        torch_seed: dropout and the like are a pure function of it, so that a resumed training is the same.

    Returns:
        Sum of the losses over images, and number of images whose most probable class is the target's; on the device.
    """
    began = time.monotonic()
    with stopped_without_trace(state, engine), lost_process_named():
        loss_sum, right = _gradients(state, micros, recipe, engine, torch_seed)
    if not recipe.compute.sync_batch_norm:
        engine.average_statistics(state.model, micros[-1].share(engine.rank))
    if recipe.training.clip_grad is not None:
        engine.clip_gradients(state.model.parameters(), recipe.training.clip_grad)
    state.optimizer.step()
    state.optimizer.zero_grad()
    if state.ema is not None:
        state.ema.update(state.model)
    state.update_seconds = time.monotonic() - began
    return loss_sum, right


def _gradients(
    state: TrainState, micros: list[Micro], recipe: Recipe, engine: Engine, torch_seed: int
) -> tuple[Tensor, Tensor]:
    def passes(batches: Sequence[Micro]) -> tuple[Tensor, Tensor]:
        return _accumulate(state, batches, recipe, engine)

    torch.manual_seed(torch_seed)
    loss_sum, right = passes(micros) if state.graphs is None else state.graphs(passes, micros)
    if state.sam is not None:
        state.sam.ascend()
        state.optimizer.zero_grad()
        torch.manual_seed(torch_seed)
        with paused_statistics(state.model):
            _accumulate(state, micros, recipe, engine)
        state.sam.restore()
    return loss_sum, right


def _accumulate(state: TrainState, micros: Sequence[Micro], recipe: Recipe, engine: Engine) -> tuple[Tensor, Tensor]:
    loss_sum, right = [], []
    for number, micro in enumerate(micros):
        last, rows = number == len(micros) - 1, micro.rows(engine.rank)
        accumulating = nullcontext() if last else engine.accumulating(state.wrapped)
        with accumulating, _norms(recipe, engine, rows > 0), _products(recipe, engine):
            with autocast(engine.device, recipe.compute.precision):
                loss, shared, logits = _loss(state, micro, engine)
            engine.backward(_weighted(loss, shared, micro, engine) / len(micros))
        loss_sum.append(loss.detach() * rows)
        right.append((logits.detach().argmax(dim=1) == micro.targets.argmax(dim=1))[:rows].sum())
    return torch.stack(loss_sum).sum(), torch.stack(right).sum()


def _norms(recipe: Recipe, engine: Engine, counted: bool) -> AbstractContextManager[object]:
    """Return the context in which batch norms use the rows of all processes, where the recipe sets that."""
    wanted = engine.processes > 1 and recipe.compute.sync_batch_norm
    return SyncedBatchNorm(counted) if wanted else nullcontext()


def _products(recipe: Recipe, engine: Engine) -> AbstractContextManager[object]:
    """Return the context in which matrix products are computed in bf16, where the recipe sets that for this device."""
    wanted = recipe.compute.products == "bf16" and recipe.compute.precision == "fp32"
    if not wanted or engine.device.type != "cpu":
        return nullcontext()
    return bf16_products(pointwise=not recipe.training.grad_checkpointing)


def _weighted(loss: Tensor, shared: Tensor | None, micro: Micro, engine: Engine) -> Tensor:
    """Return what this process minimises, so that the mean over all processes is the loss of the batch.

    Args:
        loss: mean over the rows of this process, with `shared`.
        shared: the part of it that is computed from the rows of all processes; None: there is none.
        micro: the share of a batch.
        engine: device and processes.
    """
    if not micro.counts:
        return loss
    weight = engine.processes * micro.share(engine.rank)
    weighted = loss * weight
    return weighted if shared is None else weighted + shared * (engine.processes - weight)


def _loss(state: TrainState, micro: Micro, engine: Engine) -> tuple[Tensor, Tensor | None, Tensor]:
    """Return the loss, the part of it that all rows of the batch share, and the logits."""
    value, shared, logits = _of_pass(state, micro, engine)
    if state.loss.needs_second_pass:
        other, other_shared, second = _of_pass(state, micro, engine)
        value = (value + other) / 2 + state.loss.consistency(logits, second)
        shared = None if shared is None or other_shared is None else (shared + other_shared) / 2
    return value, shared, logits


def _of_pass(state: TrainState, micro: Micro, engine: Engine) -> tuple[Tensor, Tensor | None, Tensor]:
    """Return the same as `_loss`, for one pass over the images."""
    loss = state.loss
    out = state.wrapped(micro.images)
    logits, features = out if loss.needs_features else (out, None)
    value: Tensor = loss(logits, micro.targets, micro.weight, micro.teacher)
    if features is None:
        return value, None, logits
    shared = loss.auxiliary(*_of_batch(features, micro, engine))
    return value + shared, shared, logits


def _of_batch(features: Tensor, micro: Micro, engine: Engine) -> tuple[Tensor, Tensor]:
    """Return the features and labels of all rows of the batch; only this process's own features have gradients."""
    if not micro.counts:
        return features, micro.label
    every = engine.rows_of_all(features, micro.counts), engine.rows_of_all(micro.label, micro.counts)
    return torch.cat(every[0]), torch.cat(every[1])
