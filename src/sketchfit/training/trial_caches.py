"""How much a training adds to the cache per image, so that its disk space is known before."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from sketchfit.models.freezing import apply_freezing
from sketchfit.models.pooling import find_pooling
from sketchfit.training.frozen_maps import count_copies, find_maps, may_use_maps
from sketchfit.training.job import FitJob
from sketchfit.training.plan import make_plan
from sketchfit.training.state import TrainState


@dataclass(frozen=True)
class CachedValues:
    """Numbers of values per image, two bytes each.

    Attributes:
        features: of the frozen backbone, of entire images; 0 where neither heads nor related rows need them.
        maps: that frozen stages return, for all copies; 0 where they are not stored.
    """

    features: int = 0
    maps: int = 0


def cached_values(job: FitJob, state: TrainState, device: torch.device) -> CachedValues:
    """Return what a training will store.

    Args:
        job: the training.
        state: at its start, before the model is wrapped; its freezing is set to that of the last epoch.
        device: of the model.
    """
    recipe = job.recipe
    frozen = recipe.training.kernel.use == "replace" or recipe.folds.group == "auto"
    features = _features(state, recipe.model.size, device) if frozen else 0
    epoch = make_plan(recipe, len(job.train_rows)).epochs[-1]
    if not may_use_maps(recipe, epoch):
        return CachedValues(features)
    apply_freezing(state.model, state.freezing, epoch.epoch, recipe.training.epochs)
    found = find_maps(job, state.model, state.normalisation, device)
    copies = count_copies(recipe) + (recipe.training.kernel.use != "none")
    return CachedValues(features, 0 if found is None else copies * math.prod(found.split.shape))


def _features(state: TrainState, size: int, device: torch.device) -> int:
    training = state.model.training
    try:
        return sum(find_pooling(state.model.eval(), size, device).widths)
    except Exception:  # only an estimate; what uses the features reports why there are none
        return 0
    finally:
        state.model.train(training)
