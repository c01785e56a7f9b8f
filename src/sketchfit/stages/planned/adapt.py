"""Settings of the networks of a run with a deadline for the device, and on a GPU for the kind of a backbone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import torch

from sketchfit.config.load import load_recipe
from sketchfit.config.optimizer import OptimizerSection
from sketchfit.config.overrides import merge
from sketchfit.config.recipe import Recipe
from sketchfit.models.bf16_products import has_bf16_products
from sketchfit.models.compute import has_fast_bf16
from sketchfit.models.norm_kind import has_batch_norms
from sketchfit.planning.ladder import Rung

IN_BF16: Mapping[str, Any] = {"compute": {"products": "bf16"}}
"""Settings of networks on a CPU that is faster with them."""

GENTLE: Mapping[str, Any] = {"optimizer": {"lr": 1.0e-4, "layer_decay": 0.7}}
"""Settings of networks on a GPU whose backbone has layer norms, such as ConvNeXt and vision transformers: those of the
recipes for GPUs of 8 to 24 GB. The learning rate for small networks with batch norms is ten times as high."""

CLIP = 1.0
"""Norm at which their gradients are clipped, where the recipe does not clip them."""

BF16_SECONDS = 600.0
"""Seconds of a run from which on its networks are trained in bf16 on a GPU: to choose kernels for a backbone took up to
half a minute."""


def on_cpu(rung: Rung, recipe: Recipe) -> Rung:
    """Return a member whose networks compute products in bf16 where the CPU is made for it and the recipe allows it."""
    compute = recipe.compute
    wanted = compute.products == "auto" and compute.precision == "fp32" and has_bf16_products()
    return replace(rung, settings=merge(rung.settings, IN_BF16)) if wanted and rung.kind == "network" else rung


def on_gpu(rung: Rung, recipe: Recipe, device: torch.device, seconds: float) -> Rung:
    """Return a member that is a candidate, with settings for a GPU and for the kind of its backbone.

    Args:
        rung: heads on frozen features are returned as they are.
        recipe: of the run.
        device: on which its networks are trained.
        seconds: of the run.
    """
    if rung.kind != "network":
        return rung
    compute, changes = recipe.compute, dict[str, Any]()
    if seconds >= BF16_SECONDS and compute.precision == "fp32" and compute.products == "auto" and has_fast_bf16(device):
        changes["compute"] = {"precision": "bf16"}
    if recipe.optimizer == _usual() and not has_batch_norms(str(rung.backbone.model["backbone"])):
        changes |= GENTLE
        if recipe.training.clip_grad is None:
            changes["training"] = {"clip_grad": CLIP}
    return replace(rung, settings=merge(rung.settings, changes))


@cache
def _usual() -> OptimizerSection:
    """Return the optimizer for small networks."""
    return load_recipe("cpu").optimizer
