"""Trains one network: start or resume, epochs, validation, and the weights that are reported."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice

from torch import Tensor

from sketchfit.config.probe import ProbeSection
from sketchfit.inference.predictor import Predictor
from sketchfit.interruption import postponed_stop
from sketchfit.models.averaging import wise_ft
from sketchfit.models.batch_norm import learning_batch_norms
from sketchfit.models.freezing import FrozenTable, apply_freezing, freeze_statistics
from sketchfit.models.lora import merge_lora
from sketchfit.models.network import Network
from sketchfit.tracking.callback import FoldCallback, no_fold_callback
from sketchfit.tracking.console import Console
from sketchfit.tracking.history import write_history
from sketchfit.training.checkpoint import Checkpoints
from sketchfit.training.divergence import DivergedError, FiniteWatch, rewound, write_rewinds
from sketchfit.training.early_stopping import should_stop
from sketchfit.training.engine import Engine
from sketchfit.training.epoch_line import epoch_line
from sketchfit.training.frozen_inputs import frozen_inputs, update_frozen
from sketchfit.training.job import FitJob
from sketchfit.training.loader import DataLoader
from sketchfit.training.plan import EpochPlan, Plan, make_plan
from sketchfit.training.refresh import refresh_statistics
from sketchfit.training.schedules import apply_lr, lr_factor
from sketchfit.training.state import State, TrainState, start, wrap
from sketchfit.training.step import update
from sketchfit.training.stopping import SaveTimes, saved_when_stopped
from sketchfit.transforms.rng import sample_rng
from sketchfit.verbosity import FINE
from sketchfit.wording import counted

TORCH_STREAM = 2
"""Stream of random numbers that seeds torch's generator (dropout and the like) at each update."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Training:
    """What all steps of one training use."""

    job: FitJob
    state: TrainState
    plan: Plan
    engine: Engine
    console: Console
    watch: FoldCallback
    checkpoints: Checkpoints

    @property
    def epochs(self) -> int:
        return len(self.plan.epochs)

    @property
    def finite(self) -> FiniteWatch:
        return FiniteWatch(self.job, self.state, self.engine)

    @property
    def loader(self) -> DataLoader:
        return DataLoader(self.job, self.state.normalisation, self.engine)


def fit(job: FitJob, engine: Engine, console: Console, watch: FoldCallback | None = None) -> Network:
    """Train a network, from the last checkpoint if there is one.

    Returns:
        The network with the weights that the recipe reports, on its device.

    Raises:
        DivergedError: the loss or a weight is not finite, and the recipe does not rewind, or has done so too often.
    """
    plan = make_plan(job.recipe, len(job.train_rows))
    if engine.is_main and engine.processes > (smallest := min(epoch.batch_size for epoch in plan.epochs)):
        _LOG.warning(
            "%s: %d processes share batches of %s, so some have nothing to do: raise training.batch_size, or start "
            "fewer processes",
            job.name,
            engine.processes,
            counted(smallest, "image"),
        )
    checkpoints = Checkpoints(job.folder, job.fingerprint)
    saved, rewinds = checkpoints.load(), None
    while True:
        engine.start_again()
        state = start(job, engine, saved)
        training = _Training(job, state, plan, engine, console, watch or no_fold_callback(), checkpoints)
        if rewinds is not None:
            state.rewinds = rewinds
            _save(training)
        elif saved is not None:
            _LOG.info("%s: continues at epoch %d, batch %d", job.name, state.epoch + 1, state.batch + 1)
        engine.on_main(partial(write_rewinds, job, state.rewinds))
        try:
            _train_epochs(training)
            break
        except DivergedError as error:
            saved, rewinds = rewound(training.finite, checkpoints, error)
            del state, training  # before the next ones take as much memory
    _log_choices(training)
    _load_reported_weights(training)
    return Network(state.reported().eval(), state.normalisation)


def _train_epochs(training: _Training) -> None:
    """Train the epochs that are left.

    Raises:
        DivergedError: the loss or a weight is not finite.
    """
    trained: FrozenTable | None = None
    for epoch in training.plan.epochs[training.state.epoch :]:
        if should_stop(training.state.history, training.job.recipe.training.early_stopping):
            break
        trained = _thaw(training, epoch, trained)
        with saved_when_stopped(training.job.name, training.state, training.engine, partial(_save_finite, training)):
            _train_epoch(training, epoch)
            _finish_epoch(training, epoch)


def untrained(job: FitJob, engine: Engine) -> Network:
    """Return the network as it is before training, on its device; its history is empty.

    There is no probe, which would change the statistics of batch norm: the features are those of `bank.features`.
    """
    training = job.recipe.training.model_copy(update={"probe": ProbeSection()})
    recipe = job.recipe.model_copy(update={"training": training})
    state = start(replace(job, recipe=recipe), engine, None)
    if recipe.model.lora.rank:
        merge_lora(state.model)
    write_history(job.folder / "history.csv", [])
    return Network(state.model.eval(), state.normalisation)


def _thaw(training: _Training, epoch: EpochPlan, before: FrozenTable | None) -> FrozenTable:
    """Set which parameters are trained in this epoch; log it unless all of them are."""
    state, name = training.state, training.job.name
    replaced = state.to_size(epoch.size)
    now = apply_freezing(state.model, state.freezing, epoch.epoch, training.epochs)
    changed = update_frozen(training.job, state, training.engine, epoch)
    if now != before or replaced or changed:
        wrap(state, training.engine, training.job.recipe, name=name)
        if (before is not None and now != before) or now.trainable < now.parameters:
            share = f"{now.trainable:,} of {now.parameters:,} parameters are trained"
            _LOG.info("%s: from epoch %d, %s", name, epoch.epoch + 1, share)
            for line in str(now).splitlines():
                _LOG.info("  %s", line)
    return now


def _train_epoch(training: _Training, epoch: EpochPlan) -> None:
    """Train on the remaining batches of an epoch; the sums are stored in the state."""
    job, state, engine = training.job, training.state, training.engine
    began, first = time.monotonic(), state.batch
    times = SaveTimes(state, engine, job.recipe.training.checkpoint_minutes * 60)
    plan = training.plan
    total = training.epochs * plan.steps_per_epoch
    training.watch.epoch_started(state.loss_sum, state.seen)
    inputs = frozen_inputs(job, state, engine, epoch)
    title = f"{_title(job)}, epoch {epoch.epoch + 1}/{training.epochs}"
    with training.console.bar(title, epoch.batches) as advance:
        for micros in training.loader.updates(epoch, first, inputs):
            number = epoch.first_update + state.batch // job.recipe.training.accumulation
            step = plan.schedule_step(epoch, number - epoch.first_update)
            factor = lr_factor(job.recipe.schedule, step, total, plan.steps_per_epoch, plan.lr_drops)
            apply_lr(state.optimizer, factor * state.lr_scale)
            seed = int(sample_rng(job.seed, number, engine.rank, TORCH_STREAM).integers(2**62))
            with postponed_stop():  # an update is either complete and counted, or not begun
                figures = update(state, micros, job.recipe, engine, seed)
                state.count(*figures, sum(micro.rows(engine.rank) for micro in micros))
                training.watch.updated(number + 1, state.loss_sum, state.seen, state.optimizer.param_groups[-1]["lr"])
                state.batch += len(micros)
            training.finite.after_update(number)
            rate = (state.batch - first) * epoch.batch_size / (time.monotonic() - began)
            advance(state.batch, f"{rate:.0f} images/s")
            training.console.outlook.at(plan.share_done(epoch, state.batch))
            if state.batch < epoch.batches:
                times.save_if_due(number, partial(_save_checked, training, number))
    state.seconds += time.monotonic() - began


def _title(job: FitJob) -> str:
    """Return what is trained: the member, and which of how many folds; the name of any other training."""
    member, _, fold = job.name.rpartition("/fold")
    count = job.recipe.folds.count
    return f"{member}: fold {int(fold) + 1}/{count}" if member and fold.isdigit() and count else job.name


def _finish_epoch(training: _Training, epoch: EpochPlan) -> None:
    """Validate, average, write the history and a checkpoint, and log the epoch."""
    job, state, engine = training.job, training.state, training.engine
    training.finite.before_saving(epoch.first_update + state.batch // job.recipe.training.accumulation - 1)
    loss, right, seen = state.totals(engine)
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
    with postponed_stop():
        if state.plateau and accuracy is not None:
            state.plateau.update(accuracy)
        if state.swa and epoch.epoch >= job.recipe.averaging.swa_from(training.epochs):
            state.swa.update(state.model)
        state.next_epoch(row)
        training.watch.epoch_finished(row)
        _save(training)
    engine.on_main(lambda: write_history(job.folder / "history.csv", state.history))
    _LOG.info(epoch_line(job.name, state.history, training.epochs), extra=FINE)


def _validate(training: _Training, epoch: EpochPlan) -> float | None:
    """Return the accuracy of the weights that would be reported now; None if this epoch is not validated."""
    job, state, recipe = training.job, training.state, training.job.recipe
    every = recipe.training.validate_every
    due = epoch.epoch + 1 == training.epochs or (every > 0 and (epoch.epoch + 1) % every == 0)
    if not due or job.validated_by_head or len(job.valid_rows) == 0:
        return None
    model = state.reported_at(recipe.model.size)
    predictor = Predictor.of(Network(model, state.normalisation), recipe, training.engine.device, backend="eager")
    found = predictor.accuracy(job.store, job.valid_rows, job.label[job.valid_rows])
    state.model.train()
    freeze_statistics(state.model, state.freezing)
    # Devices may round differently; decisions from the accuracy must not depend on that.
    accuracy = training.engine.from_main(found)
    if recipe.training.checkpoint == "best":
        state.keep_if_best(accuracy, model)
    return accuracy


def _log_choices(training: _Training) -> None:
    """Log where the validation rows decided something: the accuracy on them is then optimistic."""
    job, state, recipe = training.job, training.state, training.job.recipe.training
    if state.plateau is not None:
        if len(job.valid_rows) == 0:
            _LOG.info("%s: schedule.name=plateau has no validation rows here: the rate was not lowered", job.name)
        elif state.plateau.scale < 1:
            _log_optimism(job, "the validation rows decided when the rate was lowered")
    if recipe.early_stopping and len(job.valid_rows) == 0:
        _LOG.info("%s: early stopping has no validation rows here and was not used", job.name)
    elif state.epoch < training.epochs:
        stopped = f"stopped early after epoch {state.epoch} of {training.epochs}"
        _log_optimism(job, f"{stopped}, as the validation rows decided")
    if state.best is not None:
        _log_optimism(job, "the epoch with the best validation accuracy is reported")


def _log_optimism(job: FitJob, what: str) -> None:
    _LOG.info("%s: %s; the accuracy on the validation rows is optimistic", job.name, what)


def _load_reported_weights(training: _Training) -> None:
    """Load the weights that the recipe reports into the network: the best, an average, or the last."""
    job, state = training.job, training.state
    state.to_size(job.recipe.model.size)
    apply_freezing(state.model, state.freezing, training.epochs - 1, training.epochs)
    norms = learning_batch_norms(state.model)
    model = state.reported()
    weights, averaged = _chosen_weights(state)
    if weights is not None:
        model.load_state_dict(weights)
    if job.recipe.model.lora.rank:
        merge_lora(model)
    if state.zero is not None:
        tuned = {key: value.cpu() for key, value in model.state_dict().items()}
        model.load_state_dict(wise_ft(state.zero, tuned, job.recipe.averaging.wise_ft))
        averaged = True
    if averaged and job.recipe.averaging.refresh_batches:
        refresh_statistics(model, norms, _refreshing_batches(training), training.engine, job.recipe.compute)


def _chosen_weights(state: TrainState) -> tuple[State | None, bool]:
    """Return the weights to load into `state.reported()`, and whether they are an average without own statistics of
    batch norm.

    The best epoch has precedence over SWA. None: it keeps its own weights, those of the EMA or the last.
    """
    if state.best is not None:
        return state.best[1], False
    if state.swa is not None and state.swa.count:
        return state.swa.average(state.model), True
    return None, False


def _refreshing_batches(training: _Training) -> Iterator[Tensor]:
    """Yield the inputs of the last epoch's first batches, for the statistics of batch norm."""
    job, last = training.job, training.plan.epochs[-1]
    groups = training.loader.updates(last)
    with closing(groups):
        for micro in islice(chain.from_iterable(groups), job.recipe.averaging.refresh_batches):
            yield micro.images


def _save_checked(training: _Training, number: int) -> None:
    """Save within an epoch, after update `number`.

    Raises:
        DivergedError: the loss or a weight is not finite.
    """
    training.finite.before_saving(number)
    _save(training)


def _save_finite(training: _Training) -> None:
    """Save unless the loss or a weight is not finite; then the last checkpoint stays."""
    if training.finite.are_all():
        _save(training)


def _save(training: _Training) -> None:
    snapshot = training.state.snapshot(training.job.fingerprint, training.engine)
    training.engine.on_main(lambda: training.checkpoints.save(snapshot))
