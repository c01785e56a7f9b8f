"""Settings of the networks of a run with a deadline for the device, and of candidates for the kind of backbone."""

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
"""Settings of networks whose backbone has layer norms, such as ConvNeXt and vision transformers: those of the
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
    """Return a member that is a candidate, with the precision of a GPU.

    Args:
        rung: heads on frozen features are returned as they are.
        recipe: of the run.
        device: on which its networks are trained.
        seconds: of the run.
    """
    compute = recipe.compute
    wanted = seconds >= BF16_SECONDS and compute.precision == "fp32" and compute.products == "auto"
    if rung.kind != "network" or not wanted or not has_fast_bf16(device):
        return rung
    return replace(rung, settings=merge(rung.settings, {"compute": {"precision": "bf16"}}))


def for_kind(rung: Rung, recipe: Recipe) -> Rung:
    """Return a member that is a candidate, with the optimizer for the kind of its backbone.

    Args:
        rung: heads on frozen features are returned as they are.
        recipe: of the run; an optimizer that it sets is kept.
    """
    usual = recipe.optimizer == _usual()
    if rung.kind != "network" or not usual or has_batch_norms(str(rung.backbone.model["backbone"])):
        return rung
    clipped = {"training": {"clip_grad": CLIP}} if recipe.training.clip_grad is None else {}
    return replace(rung, settings=merge(rung.settings, {**GENTLE, **clipped}))


@cache
def _usual() -> OptimizerSection:
    """Return the optimizer for small networks."""
    return load_recipe("cpu").optimizer
