"""Stored outputs of frozen stages that the trainings of several folds share, computed before the first of them."""

from __future__ import annotations

from sketchfit.models.freezing import apply_freezing
from sketchfit.training.engine import Engine
from sketchfit.training.frozen_maps import find_maps, may_use_maps
from sketchfit.training.job import FitJob
from sketchfit.training.plan import make_plan
from sketchfit.training.state import start


def store_copies(job: FitJob, engine: Engine) -> None:
    """Compute the copies on which a training will train; nothing where it uses none.

    Raises:
        OSError: there is no space for them.
        FloatingPointError: a value does not fit in float16.
    """
    copies = job.recipe.model.freeze.copies
    epochs = [epoch for epoch in make_plan(job.recipe, len(job.train_rows)).epochs if may_use_maps(job.recipe, epoch)]
    if not epochs:
        return
    state = start(job, engine, None)
    apply_freezing(state.model, state.freezing, epochs[0].epoch, job.recipe.training.epochs)
    maps = find_maps(job, state.model, state.normalisation, engine.device)
    if maps is not None:
        for epoch in epochs[:copies]:
            maps.copy_of(epoch)
