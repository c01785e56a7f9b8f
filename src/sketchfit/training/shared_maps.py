"""What frozen stages return, stored for the trainings of several folds before the first of them."""

from __future__ import annotations

import torch

from sketchfit.data.store import Store
from sketchfit.models.freezing import apply_freezing
from sketchfit.models.network import Network
from sketchfit.tracking.console import Console
from sketchfit.training.engine import Engine
from sketchfit.training.frozen_maps import copied_epoch, find_maps, may_use_maps
from sketchfit.training.head_pass import HeadPass
from sketchfit.training.job import FitJob
from sketchfit.training.kernel_head import extractor_of
from sketchfit.training.kernel_views import averages_mirrored, head_pictures
from sketchfit.training.plan import make_plan
from sketchfit.training.state import start


def store_maps(job: FitJob, test: Store, engine: Engine, console: Console) -> None:
    """Store the copies on which a training will train, and what its kernel head uses; nothing where it uses none.

    Args:
        job: the training of any fold.
        test: images of the test table.
        engine: of the run.
        console: of the run.

    Raises:
        OSError: there is no space for them.
        FloatingPointError: a value does not fit in float16.
    """
    epochs = [epoch for epoch in make_plan(job.recipe, len(job.train_rows)).epochs if may_use_maps(job.recipe, epoch)]
    if not epochs:
        return
    state = start(job, engine, None)
    apply_freezing(state.model, state.freezing, epochs[0].epoch, job.recipe.training.epochs)
    maps = find_maps(job, state.model, state.normalisation, engine.device)
    if maps is None:
        return
    for epoch in {copied_epoch(job.recipe, epoch.epoch): epoch for epoch in epochs}.values():
        maps.copy_of(epoch)
    if job.recipe.training.kernel.use != "none":
        _store_outputs(job, Network(state.model, state.normalisation), test, engine.device, console)


def _store_outputs(job: FitJob, network: Network, test: Store, device: torch.device, console: Console) -> None:
    pictures = head_pictures(averages_mirrored(job.recipe, job.mirroring))
    stored = HeadPass.of(job, extractor_of(network, job.recipe, device), pictures, console).stored
    if stored is not None:
        for picture in pictures:
            stored.store(job.store, picture)
            stored.store(test, picture)
