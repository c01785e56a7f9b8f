"""One update: forward, backward, clip, step."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

from sketchfit.config.recipe import Recipe
from sketchfit.models.compute import autocast
from sketchfit.training.engine import Engine
from sketchfit.training.sam import paused_statistics
from sketchfit.training.state import TrainState
from sketchfit.training.stopping import stopped_without_trace


@dataclass(frozen=True)
class Micro:
    """One batch, ready for the network.

    Attributes:
        images: float [B, 3, H, W]; where only the head is trained, features [B, D].
        targets: float [B, C].
        label: int64 [B].
        weight: float [B], of each row in the loss; None: all are 1.
        teacher: probabilities of the teacher, float [B, C], mixed like the targets; None: there is no teacher.
    """

    images: Tensor
    targets: Tensor
    label: Tensor
    weight: Tensor | None = None
    teacher: Tensor | None = None


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
    with stopped_without_trace(state, engine):
        loss_sum, right = _gradients(state, micros, recipe, engine, torch_seed)
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
    torch.manual_seed(torch_seed)
    loss_sum, right = _accumulate(state, micros, recipe, engine)
    if state.sam is not None:
        state.sam.ascend()
        state.optimizer.zero_grad()
        torch.manual_seed(torch_seed)
        with paused_statistics(state.model):
            _accumulate(state, micros, recipe, engine)
        state.sam.restore()
    return loss_sum, right


def _accumulate(state: TrainState, micros: list[Micro], recipe: Recipe, engine: Engine) -> tuple[Tensor, Tensor]:
    loss_sum, right = [], []
    for number, micro in enumerate(micros):
        last = number == len(micros) - 1
        with nullcontext() if last else engine.accumulating(state.wrapped):
            with autocast(engine.device, recipe.compute.precision):
                loss, logits = _loss(state, micro)
            engine.backward(loss / len(micros))
        loss_sum.append(loss.detach() * len(micro.images))
        right.append((logits.detach().argmax(dim=1) == micro.targets.argmax(dim=1)).sum())
    return torch.stack(loss_sum).sum(), torch.stack(right).sum()


def _loss(state: TrainState, micro: Micro) -> tuple[Tensor, Tensor]:
    loss = state.loss
    out = state.wrapped(micro.images)
    logits, features = out if loss.needs_features else (out, None)
    value: Tensor = loss(logits, micro.targets, micro.weight, micro.teacher)
    if features is not None:
        value = value + loss.auxiliary(features, micro.label)
    if loss.needs_second_pass:
        again = state.wrapped(micro.images)
        second = again[0] if loss.needs_features else again
        other = loss(second, micro.targets, micro.weight, micro.teacher)
        value = (value + other) / 2 + loss.consistency(logits, second)
    return value, logits
