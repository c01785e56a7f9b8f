"""Batches of one image, of which batch norm can compute no statistics where a map has one pixel."""

from __future__ import annotations

import torch
from torch import nn

from sketchfit.errors import UserError
from sketchfit.models.batch_norm import learning_batch_norms, one_value_norms
from sketchfit.models.freezing import apply_freezing
from sketchfit.models.input_size import has_fixed_size
from sketchfit.training.engine import Engine
from sketchfit.training.job import FitJob
from sketchfit.training.plan import make_plan


def check_single_images(job: FitJob, model: nn.Module, engine: Engine) -> None:
    """Refuse a training in which batch norms learn from one image that gives them one value per channel.

    Args:
        job: the training.
        model: at its start, on the engine's device; left in train mode.
        engine: whose processes share the batches.

    Raises:
        UserError: there is such an epoch.
    """
    recipe, rows = job.recipe, len(job.train_rows)
    if recipe.model.lora.rank:  # it freezes batch norms later
        return
    processes = 1 if recipe.compute.sync_batch_norm else engine.processes
    alone = [epoch for epoch in make_plan(recipe, rows).epochs if epoch.batch_size // processes < 2]
    for size, epoch in {epoch.size: epoch.epoch for epoch in alone}.items():
        apply_freezing(model, recipe.model.freeze, epoch, recipe.training.epochs)
        side = recipe.model.size if has_fixed_size(recipe.model) else size
        picture = torch.zeros((1, 3, side, side), device=engine.device)
        if one_value_norms(model, learning_batch_norms(model), picture):
            raise UserError(
                f"{job.name}: with one image per batch and process, batch norms of {recipe.model.backbone} get one "
                "value per channel, and they need more than 1 value per channel",
                f"{_more(rows)}, or set model.freeze.batch_norm=frozen.",
            )


def _more(rows: int) -> str:
    return "Give two images per batch and process: raise training.batch_size" if rows > 1 else "Train on more rows"
