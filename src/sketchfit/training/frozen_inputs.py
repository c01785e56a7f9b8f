"""What an epoch trains on in place of pictures: features of a frozen backbone, or stored outputs of frozen stages."""

from __future__ import annotations

import logging

from sketchfit.models.freezing import apply_freezing
from sketchfit.training.engine import Engine
from sketchfit.training.frozen_features import FrozenFeatures, compute_features, only_the_head_learns
from sketchfit.training.frozen_maps import MapCopy, count_copies, find_maps, may_use_maps
from sketchfit.training.job import FitJob
from sketchfit.training.plan import EpochPlan
from sketchfit.training.state import TrainState, wrap
from sketchfit.wording import counted

log = logging.getLogger(__name__)


def update_frozen(job: FitJob, state: TrainState, engine: Engine, epoch: EpochPlan) -> bool:
    """Set what this epoch trains on: call it after `apply_freezing`, and `wrap` if it returns true.

    Features are used where only the head is trained; else outputs of frozen stages where the recipe allows it; else
    pictures.

    Returns:
        Whether anything changed.
    """
    features_changed = update_features(job, state, epoch)
    maps_changed = _update_maps(job, state, engine, epoch)
    return features_changed or maps_changed


def frozen_inputs(job: FitJob, state: TrainState, engine: Engine, epoch: EpochPlan) -> FrozenFeatures | MapCopy | None:
    """Return what an epoch trains on in place of pictures; None where it trains on these.

    Where a copy of the outputs cannot be stored, this training does not use them any more.
    """
    if state.maps is None:
        return state.features
    try:
        return state.maps.copy_of(epoch)
    except (OSError, FloatingPointError) as error:
        log.warning(f"{job.name}: model.freeze.copies is not used from epoch {epoch.epoch + 1} on: {error}")
    state.maps, state.maps_fail = None, True
    wrap(state, engine, job.recipe, name=job.name)
    return None


def update_features(job: FitJob, state: TrainState, epoch: EpochPlan) -> bool:
    """Compute the features of the backbone if only the head is trained now, and delete them otherwise.

    Returns:
        Whether there are features now and there were none before, or the other way round.
    """
    epochs = job.recipe.training.epochs
    head = only_the_head_learns(job, state.model, state.loss, epoch, epochs)
    had_features = state.features is not None
    if head is None:
        state.features = None
        return had_features
    if had_features:
        return False
    state.features = compute_features(job, state.model, state.normalisation, head)
    apply_freezing(state.model, state.freezing, epoch.epoch, epochs)  # it is in eval mode after that
    if state.features is None:
        return False
    log.info(f"{job.name}: only the head is trained, on features that are computed once")
    return True


def _update_maps(job: FitJob, state: TrainState, engine: Engine, epoch: EpochPlan) -> bool:
    """Split the network where its frozen stages end, if this epoch trains on their output; undo it otherwise.

    Returns:
        Whether the network is split now and was not before, or the other way round.
    """
    was_split = state.maps is not None
    if not _may_train_on_maps(job, state, engine, epoch):
        state.maps = None
        return was_split
    if was_split:
        return False
    state.maps = find_maps(job, state.model, state.normalisation, engine.device)
    if state.maps is None:
        state.maps_fail = True
        log.info(f"{job.name}: model.freeze.copies is not used: the network cannot be split above its frozen stages")
        return False
    copies = counted(count_copies(job.recipe), "copy")
    log.info(f"{job.name}: trains on stored outputs of the layers below {state.maps.split.entry}, {copies} per image")
    return True


def _may_train_on_maps(job: FitJob, state: TrainState, engine: Engine, epoch: EpochPlan) -> bool:
    """Return whether an epoch may train on stored outputs; features are preferred, and processes do not share maps."""
    return state.features is None and not state.maps_fail and engine.processes == 1 and may_use_maps(job.recipe, epoch)
