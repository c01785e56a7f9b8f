"""Settings of the networks of a run with a deadline for the device, and on a GPU for the kind of a backbone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from sketchfit.config.load import load_recipe
from sketchfit.config.overrides import merge
from sketchfit.config.recipe import Recipe
from sketchfit.models.bf16_products import has_bf16_products
from sketchfit.models.compute import has_fast_bf16
from sketchfit.models.norm_kind import has_batch_norms
from sketchfit.planning.ladder import PlannedBackbone, Rung

IN_BF16: Mapping[str, Any] = {"compute": {"products": "bf16"}}
"""Settings of networks on a CPU that is faster with them."""

GENTLE: Mapping[str, Any] = {"optimizer": {"lr": 1.0e-4, "layer_decay": 0.7}, "training": {"clip_grad": 1.0}}
"""Settings of networks on a GPU whose backbone has layer norms, such as ConvNeXt and vision transformers: those of the
recipes for GPUs. The learning rate for small networks with batch norms is ten times as high."""

BF16_SECONDS = 600.0
"""Seconds of a run from which on its networks are trained in bf16 on a GPU: to choose kernels for a backbone took up to
half a minute."""


def adapted(rung: Rung, recipe: Recipe, device: torch.device, seconds: float) -> Rung:
    """Return a member with the settings of its networks for a device; what the recipe sets itself stays.

    Args:
        rung: heads on frozen features are returned as they are.
        recipe: of the run.
        device: on which its networks are trained.
        seconds: of the run.
    """
    if rung.kind != "network":
        return rung
    changes = _by_device(recipe, device, seconds)
    if device.type != "cpu":
        changes = merge(changes, _by_kind(recipe, rung.backbone))
    return replace(rung, settings=merge(rung.settings, changes))


def _by_device(recipe: Recipe, device: torch.device, seconds: float) -> Mapping[str, Any]:
    """Return the precision in which a device trains faster, where the recipe sets none."""
    compute = recipe.compute
    if compute.precision != "fp32":
        return {}
    if device.type == "cpu":
        return IN_BF16 if compute.products == "auto" and has_bf16_products() else {}
    return {"compute": {"precision": "bf16"}} if seconds >= BF16_SECONDS and has_fast_bf16(device) else {}


def _by_kind(recipe: Recipe, backbone: PlannedBackbone) -> Mapping[str, Any]:
    """Return what the networks of a backbone need, where the recipe has the optimizer for small networks."""
    usual = recipe.optimizer == load_recipe("cpu").optimizer
    return GENTLE if usual and not has_batch_norms(str(backbone.model["backbone"])) else {}
