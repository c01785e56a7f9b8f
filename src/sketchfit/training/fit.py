"""The training of one network: set up, resume, epochs, the weights that are reported."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np
from torch import Tensor

from sketchfit.errors import UserError
from sketchfit.inference.predictor import Predictor
from sketchfit.models.averaging import wise_ft
from sketchfit.models.batch_norm import learning_batch_norms, refresh_batch_norm
from sketchfit.models.compute import autocast
from sketchfit.models.freezing import FrozenTable, apply_freezing, freeze_statistics
from sketchfit.models.lora import merge_lora
from sketchfit.models.network import Network
from sketchfit.tracking.callback import FoldCallback, no_fold_callback
from sketchfit.tracking.console import Console, duration
from sketchfit.tracking.history import write_history
from sketchfit.training.checkpoint import load_checkpoint, save_checkpoint
from sketchfit.training.early_stopping import should_stop
from sketchfit.training.engine import Engine
from sketchfit.training.frozen_features import compute_features, only_the_head_learns
from sketchfit.training.job import FitJob
from sketchfit.training.loader import updates
from sketchfit.training.plan import EpochPlan, Plan, make_plan
from sketchfit.training.schedules import apply_lr, lr_factor
from sketchfit.training.state import TrainState, start, wrap
from sketchfit.training.step import update
from sketchfit.transforms.rng import sample_rng

TORCH_STREAM = 2
"""Stream that seeds torch's own generator (dropout and its kind) at each update."""

ASK_EVERY = 16
"""Updates after which several processes agree on whether to save: each time they wait for the device."""


@dataclass(frozen=True)
class _Training:
    """What all steps of one training share."""

    job: FitJob
    state: TrainState
    plan: Plan
    engine: Engine
    console: Console
    watch: FoldCallback

    @property
    def epochs(self) -> int:
        return len(self.plan.epochs)


def fit(job: FitJob, engine: Engine, console: Console, watch: FoldCallback | None = None) -> Network:
    """Train, from the last checkpoint where there is one.

    Returns:
        The network with the weights that the recipe reports, on its device.

    Raises:
        UserError: the loss is not finite any more; more processes than images a batch.
    """
    plan = make_plan(job.recipe, len(job.train_rows))
    if engine.processes > (smallest := min(epoch.batch_size for epoch in plan.epochs)):
        raise UserError(
            f"{job.name}: {engine.processes} processes share batches of {smallest} images",
            "Raise training.batch_size, or start fewer processes.",
        )
    saved = load_checkpoint(job.folder / "last.ckpt", job.fingerprint)
    state = start(job, engine, saved, console)
    training = _Training(job, state, plan, engine, console, watch or no_fold_callback())
    if saved is not None:
        console.line(f"{job.name}: goes on at epoch {state.epoch + 1}, batch {state.batch + 1}")
    trained: FrozenTable | None = None
    for epoch in training.plan.epochs[state.epoch :]:
        if should_stop(state.history, job.recipe.training.early_stopping):
            break
        trained = _thaw(training, epoch, trained)
        _train_epoch(training, epoch)
        _finish_epoch(training, epoch)
    _say_what_was_chosen(training)
    _put_reported_weights(training)
    return Network(state.reported().eval(), state.normalisation)


def _thaw(training: _Training, epoch: EpochPlan, before: FrozenTable | None) -> FrozenTable:
    """Set what learns in this epoch; say so where it is not everything."""
    state, name = training.state, training.job.name
    replaced = state.to_size(epoch.size)
    now = apply_freezing(state.model, state.freezing, epoch.epoch, training.epochs)
    known = _know_features(training, epoch)
    if now != before or replaced or known:
        wrap(state, training.engine, training.job.recipe.compute.compile)
        if (before is not None and now != before) or now.trainable < now.parameters:
            share = f"{now.trainable:,} of {now.parameters:,} parameters train"
            training.console.line(f"{name}: from epoch {epoch.epoch + 1}, {share}")
            for line in str(now).splitlines():
                training.console.line(f"  {line}")
    return now


def _know_features(training: _Training, epoch: EpochPlan) -> bool:
    """Compute the backbone's features where the head alone learns now, forget them where it does not; whether either
    was done."""
    job, state = training.job, training.state
    head = only_the_head_learns(job, state.model, state.loss, epoch, training.epochs)
    if (head is None) == (state.features is None):
        return False
    state.features = None
    if head is not None:
        state.features = compute_features(job, state.model, state.normalisation, head)
        apply_freezing(state.model, state.freezing, epoch.epoch, training.epochs)  # computing left the model in eval
        if state.features is None:
            return False
        training.console.line(f"{job.name}: only the head learns, from features that are computed once")
    return True


def _train_epoch(training: _Training, epoch: EpochPlan) -> None:
    """All batches of an epoch that are still to come; figures go to the state."""
    job, state, engine = training.job, training.state, training.engine
    began, first = time.monotonic(), state.batch
    last_save = began
    every = job.recipe.training.checkpoint_minutes * 60
    plan = training.plan
    total = training.epochs * plan.steps_per_epoch
    training.watch.epoch_started(state.loss_sum, state.seen)
    with training.console.bar(f"{job.name} epoch {epoch.epoch + 1}/{training.epochs}", epoch.batches) as advance:
        groups = updates(job, epoch, training.epochs, first, state.normalisation, engine, state.features)
        for micros in groups:
            number = epoch.first_update + state.batch // job.recipe.training.accumulation
            step = plan.schedule_step(epoch, number - epoch.first_update)
            factor = lr_factor(job.recipe.schedule, step, total, plan.steps_per_epoch, plan.lr_drops)
            apply_lr(state.optimizer, factor * (state.plateau.scale if state.plateau else 1.0))
            seed = int(sample_rng(job.seed, number, engine.rank, TORCH_STREAM).integers(2**62))
            state.count(*update(state, micros, job.recipe, engine, seed), sum(len(micro.images) for micro in micros))
            training.watch.updated(number + 1, state.loss_sum, state.seen, state.optimizer.param_groups[-1]["lr"])
            state.batch += len(micros)
            rate = (state.batch - first) * epoch.batch_size / (time.monotonic() - began)
            advance(state.batch, f"{rate:.0f} images/s")
            asked = engine.processes == 1 or number % ASK_EVERY == 0
            if every > 0 and asked and state.batch < epoch.batches and _overdue(engine, last_save, every):
                _save(training)
                last_save = time.monotonic()
    state.seconds += time.monotonic() - began


def _overdue(engine: Engine, since: float, seconds: float) -> bool:
    """Whether a checkpoint is due by the main process's clock: saving waits for all, so all must agree."""
    return bool(engine.from_main(float(time.monotonic() - since > seconds)))


def _finish_epoch(training: _Training, epoch: EpochPlan) -> None:
    """Validate, average, write the history and a checkpoint, say how it went."""
    job, state, engine = training.job, training.state, training.engine
    loss, right, seen = state.totals(engine)
    if not np.isfinite(loss):
        raise UserError(
            f"{job.name}: the loss is not finite in epoch {epoch.epoch + 1}",
            "Lower optimizer.lr, set training.clip_grad=1, or set compute.precision=fp32.",
        )
    accuracy = _validate(training, epoch)
    row: dict[str, float | int | None] = {
        "epoch": epoch.epoch + 1,
        "train_loss": round(loss / seen, 6),
        "train_accuracy": round(right / seen, 6),
        "valid_accuracy": None if accuracy is None else round(accuracy, 6),
        "lr": float(state.optimizer.param_groups[-1]["lr"]),
        "images": int(seen),
        "seconds": round(state.seconds, 2),
        "images_per_second": round(seen / max(state.seconds, 1e-9), 1),
    }
    if state.plateau and accuracy is not None:
        state.plateau.update(accuracy)
    if state.swa and epoch.epoch >= job.recipe.averaging.swa_from(training.epochs):
        state.swa.update(state.model)
    state.next_epoch(row)
    training.watch.epoch_finished(row)
    _save(training)
    engine.on_main(lambda: write_history(job.folder / "history.csv", state.history))
    training.console.line(_epoch_line(job.name, state.history, training.epochs))


def _validate(training: _Training, epoch: EpochPlan) -> float | None:
    """Accuracy of the weights that would be reported now; None where it is not asked for."""
    job, state, recipe = training.job, training.state, training.job.recipe
    every = recipe.training.validate_every
    due = epoch.epoch + 1 == training.epochs or (every > 0 and (epoch.epoch + 1) % every == 0)
    if not due or len(job.valid_rows) == 0:
        return None
    model = state.reported_at(recipe.model.input_size)
    predictor = Predictor.of(Network(model, state.normalisation), recipe, training.engine.device, backend="eager")
    prob = predictor.probabilities(job.store, job.valid_rows)
    state.model.train()
    freeze_statistics(state.model, state.freezing)
    # Batch norm's running statistics differ between processes, and what follows from the figure must not.
    accuracy = training.engine.from_main(float((prob.argmax(axis=1) == job.label[job.valid_rows]).mean()))
    if recipe.training.checkpoint == "best":
        state.keep_if_best(accuracy, model)
    return accuracy


def _say_what_was_chosen(training: _Training) -> None:
    """Say it where the validation rows decided something: the figure on them then flatters."""
    job, state, recipe = training.job, training.state, training.job.recipe.training
    if state.plateau is not None:
        if len(job.valid_rows) == 0:
            training.console.line(f"{job.name}: schedule.name=plateau has no validation rows here: the rate never fell")
        elif state.plateau.scale < 1:
            training.console.line(
                f"{job.name}: the validation rows decided when the rate fell, which flatters the figure on them"
            )
    if recipe.early_stopping and len(job.valid_rows) == 0:
        training.console.line(f"{job.name}: early stopping has no validation rows here and was not used")
    elif state.epoch < training.epochs:
        training.console.line(
            f"{job.name}: stopped early after epoch {state.epoch} of {training.epochs}; the validation rows decided "
            f"it, which flatters the figure on them"
        )
    if state.best is not None:
        training.console.line(
            f"{job.name}: the epoch with the best validation figure is reported, which flatters that figure"
        )


def _put_reported_weights(training: _Training) -> None:
    job, state = training.job, training.state
    state.to_size(job.recipe.model.input_size)
    apply_freezing(state.model, state.freezing, training.epochs - 1, training.epochs)
    norms = learning_batch_norms(state.model)
    model = state.reported()
    if state.best is not None:
        model.load_state_dict(state.best[1])
    elif state.swa is not None and state.swa.count:
        model.load_state_dict(state.swa.average(state.model))
    if job.recipe.model.lora.rank:
        merge_lora(model)
    if state.zero is not None:
        tuned = {key: value.cpu() for key, value in model.state_dict().items()}
        model.load_state_dict(wise_ft(state.zero, tuned, job.recipe.averaging.wise_ft))
    averaged = state.zero is not None or (state.best is None and state.swa is not None and state.swa.count > 0)
    if averaged and job.recipe.averaging.refresh_batches:
        context = autocast(training.engine.device, job.recipe.compute.precision)
        refresh_batch_norm(model, norms, _refreshing_batches(training), context)


def _refreshing_batches(training: _Training) -> Iterator[Tensor]:
    """Inputs of the last epoch's first batches, for batch norm's statistics."""
    job, last = training.job, training.plan.epochs[-1]
    groups = updates(job, last, training.epochs, 0, training.state.normalisation, training.engine)
    with closing(groups):
        for micro in islice(chain.from_iterable(groups), job.recipe.averaging.refresh_batches):
            yield micro.images


def _save(training: _Training) -> None:
    snapshot = training.state.snapshot(training.job.fingerprint, training.engine)
    training.engine.on_main(lambda: save_checkpoint(training.job.folder / "last.ckpt", snapshot))


def _epoch_line(name: str, history: list[dict[str, float | int | None]], epochs: int) -> str:
    row, left = history[-1], epochs - len(history)
    valid = row["valid_accuracy"]
    pace = sum(float(past["seconds"] or 0) for past in history) / len(history)
    parts = [
        f"{name}  epoch {row['epoch']:>2}/{epochs}",
        f"loss {row['train_loss']:.3f}",
        f"train {100 * (row['train_accuracy'] or 0):5.1f} %",
        *([f"valid {100 * valid:5.1f} %"] if valid is not None else []),
        f"{row['images_per_second']:.0f} images/s",
        f"{row['seconds']:.0f} s",
        *([f"{duration(pace * left)} to go"] if left else []),
    ]
    return "  ".join(parts)
