"""The state of a training, and how it is saved and restored."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from sketchfit.config.freezing import FreezingSection
from sketchfit.config.recipe import Recipe
from sketchfit.errors import UserError
from sketchfit.models.averaging import EMA, SWA
from sketchfit.models.backbone import build_network
from sketchfit.models.classifier import Classifier, classifier_names
from sketchfit.models.device import widest_float
from sketchfit.models.input_size import at_input_size, has_fixed_size, set_input_size
from sketchfit.models.lora import add_lora, lora_freezing
from sketchfit.models.network import Network, Normalisation
from sketchfit.models.patch_grid import check_patch_grid
from sketchfit.training.cuda_graphs import CudaGraphs
from sketchfit.training.engine import Engine
from sketchfit.training.frozen_features import FrozenFeatures
from sketchfit.training.frozen_maps import FrozenMaps
from sketchfit.training.job import FitJob
from sketchfit.training.loss import Loss
from sketchfit.training.lp_ft import probe_first
from sketchfit.training.optimizers import build_optimizer
from sketchfit.training.sam import SAM, build_sam
from sketchfit.training.schedules import Plateau
from sketchfit.training.single_images import check_single_images

State = dict[str, torch.Tensor]

_LOG = logging.getLogger(__name__)


@dataclass
class TrainState:
    """A training between two updates.

    Attributes:
        model: unwrapped, on its device.
        wrapped: the model that is called in training (compiled, or spread over processes).
        zero: weights before fine-tuning, where the recipe interpolates with them.
        freezing: what is not trained.
        size: current side of the input; the network itself only depends on it if `fixed_size`.
        epoch, batch: the next batch to train on.
        loss_sum, right, seen, seconds: of the epoch so far, in this process; the first two may still be on the device.
        history: one row per finished epoch.
        best: validation accuracy and weights of the best epoch, where the recipe reports it.
        features: input of the head in epochs in which only it is trained; computed again when resumed.
        maps: stored output of the frozen stages, in epochs that train on it.
        maps_fail: whether it was found that this network cannot be split, or that its output cannot be stored.
        update_seconds: duration of the last update; not known before the first.
        notes: on the weights that were loaded.
        rewinds: epochs that were started again because the loss or a weight was not finite.
        graphs: of the update's forward and backward passes, for `wrapped`; None: it is computed without.
    """

    model: nn.Module
    wrapped: nn.Module
    normalisation: Normalisation
    loss: Loss
    optimizer: torch.optim.Optimizer
    raw_optimizer: torch.optim.Optimizer
    sam: SAM | None
    plateau: Plateau | None
    ema: EMA | None
    swa: SWA | None
    zero: State | None
    freezing: FreezingSection
    size: int
    fixed_size: bool
    epoch: int = 0
    batch: int = 0
    loss_sum: torch.Tensor | float = 0.0
    right: torch.Tensor | int = 0
    seen: int = 0
    seconds: float = 0.0
    history: list[dict[str, float | int | None]] = field(default_factory=list)
    best: tuple[float, State] | None = None
    features: FrozenFeatures | None = None
    maps: FrozenMaps | None = None
    maps_fail: bool = False
    update_seconds: float = math.inf
    notes: tuple[str, ...] = ()
    rewinds: list[int] = field(default_factory=list)
    graphs: CudaGraphs | None = None

    @property
    def lr_scale(self) -> float:
        """Factor of the schedule's learning rate: a plateau lowers it, and each rewind halves it."""
        return (self.plateau.scale if self.plateau else 1.0) * 0.5 ** len(self.rewinds)

    def reported(self) -> nn.Module:
        """Return the network that is validated: the moving average where there is one."""
        return self.ema.module if self.ema is not None else self.model

    def to_size(self, size: int) -> bool:
        """Change the input size of network, average and optimizer; return whether parameters were replaced.

        Raises:
            UserError: the network does not take the size, or would ignore part of each picture.
        """
        if size != self.size:
            check_patch_grid(self.model, size, "training.resize")
        changes = self.fixed_size and size != self.size
        if changes:
            set_input_size(self.model, size, self.raw_optimizer)
            if self.ema is not None:
                set_input_size(self.ema.module, size)
        self.size = size
        return changes

    def reported_at(self, size: int) -> nn.Module:
        """Return `reported()` for an input size: a copy if the network is set to another one."""
        model = self.reported()
        return at_input_size(model, size) if self.fixed_size and size != self.size else model

    def count(self, loss_sum: torch.Tensor, right: torch.Tensor, seen: int) -> None:
        """Add the figures of an update, without waiting for the device."""
        self.loss_sum = self.loss_sum + loss_sum.to(widest_float(loss_sum.device))
        self.right = self.right + right
        self.seen += seen

    def totals(self, engine: Engine) -> tuple[float, int, int]:
        """Return loss sum, right and seen of the epoch so far, over all processes."""
        loss, right, seen = engine.sum([float(self.loss_sum), float(self.right), float(self.seen)])
        return loss, int(right), int(seen)

    def keep_if_best(self, accuracy: float, model: nn.Module) -> None:
        """Store the validated weights if this accuracy is the highest so far."""
        if self.best is None or accuracy > self.best[0]:
            self.best = accuracy, _copied(model)

    def next_epoch(self, row: dict[str, float | int | None]) -> None:
        """Add the row of the epoch to the history, and count from zero."""
        self.history.append(row)
        self.epoch, self.batch = self.epoch + 1, 0
        self.loss_sum, self.right, self.seen, self.seconds = 0.0, 0, 0, 0.0

    def snapshot(self, fingerprint: str, engine: Engine) -> dict[str, Any]:
        """Return everything as tensors and numbers, for a checkpoint."""
        return {
            "fingerprint": fingerprint,
            "model": self.model.state_dict(),
            "optimizer": self.raw_optimizer.state_dict(),
            "scaler": engine.scaler.state_dict() if engine.scaler is not None else None,
            "plateau": self.plateau.state_dict() if self.plateau else None,
            "ema": self.ema.state_dict() if self.ema else None,
            "swa": self.swa.state_dict() if self.swa else None,
            "zero": self.zero,
            "best": list(self.best) if self.best else None,
            "figures": list(self.totals(engine)),
            "size": self.size,
            **{name: getattr(self, name) for name in _COUNTERS},
        }

    def restore(self, saved: dict[str, Any], engine: Engine) -> None:
        """Restore a snapshot, in place."""
        self.to_size(saved["size"])
        self.model.load_state_dict(saved["model"])
        self.raw_optimizer.load_state_dict(saved["optimizer"])
        if engine.scaler is not None and saved["scaler"]:
            engine.scaler.load_state_dict(saved["scaler"])
        for part, name in ((self.plateau, "plateau"), (self.ema, "ema"), (self.swa, "swa")):
            if part is not None:
                part.load_state_dict(saved[name])
        self.zero = saved["zero"]
        self.best = (saved["best"][0], saved["best"][1]) if saved["best"] else None
        for name in _COUNTERS:
            setattr(self, name, saved.get(name, getattr(self, name)))
        self.loss_sum, right, seen = engine.share_of_sum(saved["figures"])
        self.right, self.seen = int(right), int(seen)


_COUNTERS = ("epoch", "batch", "seconds", "history", "rewinds")


def start(job: FitJob, engine: Engine, saved: dict[str, Any] | None) -> TrainState:
    """Build the state of a training.

    Args:
        job: the training.
        engine: device and processes.
        saved: a checkpoint to continue from; None: start with the recipe's weights, and fit the head first if the
            recipe has `training.probe`.
    """
    recipe = job.recipe
    torch.manual_seed(recipe.seed)  # not the job's: candidates of a soup start from the same head
    network = _build(job, engine, from_checkpoint=saved is not None)
    model = network.model
    zero = _start_weights(network, recipe)  # before LoRA: with the names of the merged model
    freezing = recipe.model.freeze
    if recipe.model.lora.rank:
        add_lora(model, recipe.model.lora)
        freezing = lora_freezing(model, freezing)
    if recipe.training.grad_checkpointing:
        _keep_fewer_activations(model, recipe.model.backbone)
    optimizer = build_optimizer(model, recipe.optimizer)
    counts = np.bincount(job.label[job.train_rows], minlength=job.class_count)
    plateau = recipe.schedule.name == "plateau"
    state = TrainState(
        model=model,
        wrapped=model,
        normalisation=network.normalisation,
        loss=Loss(recipe.loss, counts, recipe.model.head.logit_scale).to(engine.device),
        optimizer=optimizer,
        raw_optimizer=optimizer,
        sam=build_sam(optimizer, recipe.optimizer),
        plateau=Plateau.from_section(recipe.schedule, larger_is_better=True) if plateau else None,
        ema=EMA(model, recipe.averaging) if recipe.averaging.ema else None,
        swa=SWA() if recipe.averaging.swa else None,
        zero=zero,
        freezing=freezing,
        size=recipe.model.size,
        fixed_size=has_fixed_size(recipe.model),
        notes=network.notes,
    )
    if saved is not None:
        state.restore(saved, engine)
    state.optimizer = engine.prepare_optimizer(optimizer)
    return state


def _build(job: FitJob, engine: Engine, from_checkpoint: bool) -> Network:
    """Build the network on its device; fit the head first for `training.probe`, unless a checkpoint follows."""
    recipe = job.recipe
    network = build_network(recipe.model, job.class_count, load_weights=not from_checkpoint)
    model = network.model.to(engine.device)
    if recipe.compute.channels_last:
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    check_single_images(job, model, engine)
    if recipe.training.probe.enabled and not from_checkpoint:
        right = probe_first(job, model, network.normalisation, engine.device)
        _LOG.info("%s: head fitted on features of the frozen backbone, train %.1f %%", job.name, 100 * right)
    return network


def _start_weights(network: Network, recipe: Recipe) -> State | None:
    """Return the weights before fine-tuning for WiSE-FT, without a random head; None where it is off."""
    if recipe.averaging.wise_ft == 1:
        return None
    random = network.new_head and not recipe.training.probe.enabled
    return _copied(network.model, without=classifier_names(network.model) if random else ())


def _copied(model: nn.Module, without: Sequence[str] = ()) -> State:
    """Return the weights on the CPU, without those of the named modules."""
    left_out = tuple(f"{name}." for name in without)
    return {name: value.cpu().clone() for name, value in model.state_dict().items() if not name.startswith(left_out)}


def _keep_fewer_activations(model: Any, backbone: str) -> None:
    try:
        model.set_grad_checkpointing(True)
    except (AssertionError, AttributeError) as error:
        raise UserError(
            f"training.grad_checkpointing: {backbone} has none", "Set training.grad_checkpointing=false."
        ) from error


class WithFeatures(nn.Module):
    """A timm model that returns logits and the features before the classifier, for losses that use both."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """[B, 3, H, W] -> logits [B, C] and features [B, D]."""
        model: Any = self.model
        maps = model.forward_features(images)
        return model.forward_head(maps), model.forward_head(maps, pre_logits=True).flatten(1)


def wrap(state: TrainState, engine: Engine, recipe: Recipe, *, name: str = "", compiled: bool = True) -> None:
    """Set `state.wrapped` and `state.graphs` for the parameters that are trained now; call it again when those change.

    Args:
        state: of the training.
        engine: device and processes.
        recipe: of the training.
        name: of the training, for messages.
        compiled: whether `compute.compile` has an effect.
    """
    module: nn.Module = WithFeatures(state.model) if state.loss.needs_features else state.model
    if state.features is not None:
        module = Classifier(state.model.get_submodule(state.features.head))
    elif state.maps is not None:
        module = state.maps.split.upper
    if compiled and recipe.compute.compile:
        module = torch.compile(module)  # type: ignore[assignment]
    state.wrapped = engine.prepare_model(module)
    state.graphs = CudaGraphs(state.model, name) if _can_have_graphs(state, engine, recipe) else None


def _can_have_graphs(state: TrainState, engine: Engine, recipe: Recipe) -> bool:
    """Return whether the passes of an update may be recorded: not where they depend on more than batches and seed."""
    compute, alone = recipe.compute, engine.device.type == "cuda" and engine.processes == 1
    changes = compute.compile or recipe.training.grad_checkpointing or state.sam is not None
    return compute.cuda_graphs and alone and compute.precision != "fp16" and not changes
