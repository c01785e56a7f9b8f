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

log = logging.getLogger(__name__)


def update_frozen(job: FitJob, state: TrainState, engine: Engine, epoch: EpochPlan) -> bool:
    """Set what this epoch trains on: call it after `apply_freezing`, and `wrap` if it returns true.

    Returns:
        Whether anything changed.
    """
    features = update_features(job, state, epoch)
    return _update_maps(job, state, engine, epoch) or features


def frozen_inputs(job: FitJob, state: TrainState, engine: Engine, epoch: EpochPlan) -> FrozenFeatures | MapCopy | None:
    """Return what an epoch trains on in place of pictures; None where it trains on these."""
    if state.maps is None:
        return state.features
    try:
        return state.maps.copy_of(epoch)
    except (OSError, FloatingPointError) as error:
        log.warning(f"{job.name}: model.freeze.copies is not used from epoch {epoch.epoch + 1} on: {error}")
        state.maps, state.split_fails = None, True
        wrap(state, engine, job.recipe, name=job.name)
        return None


def update_features(job: FitJob, state: TrainState, epoch: EpochPlan) -> bool:
    """Compute the features of the backbone if only the head is trained now, and delete them otherwise."""
    epochs = job.recipe.training.epochs
    head = only_the_head_learns(job, state.model, state.loss, epoch, epochs)
    if (head is None) == (state.features is None):
        return False
    state.features = None
    if head is not None:
        state.features = compute_features(job, state.model, state.normalisation, head)
        apply_freezing(state.model, state.freezing, epoch.epoch, epochs)  # it is in eval mode after that
        if state.features is None:
            return False
        log.info(f"{job.name}: only the head is trained, on features that are computed once")
    return True


def _update_maps(job: FitJob, state: TrainState, engine: Engine, epoch: EpochPlan) -> bool:
    """Split the network where its frozen stages end, if this epoch trains on their output; undo it otherwise."""
    wanted = state.features is None and engine.processes == 1 and may_use_maps(job.recipe, epoch)
    wanted = wanted and not state.split_fails
    if wanted == (state.maps is not None):
        return False
    state.maps = find_maps(job, state.model, state.normalisation, engine.device) if wanted else None
    if wanted and state.maps is None:
        state.split_fails = True
        log.info(f"{job.name}: model.freeze.copies is not used: the network cannot be split above its frozen stages")
        return False
    if state.maps is not None:
        copies = count_copies(job.recipe)
        stored = "1 copy" if copies == 1 else f"{copies} copies"
        log.info(
            f"{job.name}: trains on stored outputs of the layers below {state.maps.split.entry}, {stored} per image"
        )
    return True
