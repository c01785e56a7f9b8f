"""Optimizers by name, through timm's factory, with parameter groups for weight decay, layer-wise rates and the head."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from sketchfit._timm import timm
from sketchfit.config.optimizer import OptimizerSection
from sketchfit.errors import RecipeError
from sketchfit.models.classifier import classifier_names
from sketchfit.registry import nearest
from sketchfit.training.schedules import apply_lr

FUSED = (torch.optim.Adam, torch.optim.AdamW)
"""Optimizers with fused kernels on CPUs and CUDA devices. SGD's kernel fails where a weight is unfrozen later."""


def list_optimizers() -> list[tuple[str, str]]:
    """Return (name, description) of each optimizer that `build_optimizer` supports.

    Not supported are second-order ones, which need another backward pass; those of packages for CUDA only; and Kron
    without `opt_einsum`, where it needs hundreds of gigabytes.
    """
    left_out = ["bnb*", "fused*", *([] if importlib.util.find_spec("opt_einsum") else ["kron*"])]
    found: list[tuple[str, str]] = timm.optim.list_optimizers(exclude_filters=left_out, with_description=True)
    return [(name, text) for name, text in found if not timm.optim.get_optimizer_info(name).second_order]


def build_optimizer(model: nn.Module, section: OptimizerSection) -> torch.optim.Optimizer:
    """Return the recipe's optimizer over all parameters.

    It includes frozen parameters, which have no gradient and do not change, so that they can be unfrozen later. Each
    group has `initial_lr` (the recipe's rate) and `lr_scale`, which `schedules.apply_lr` uses.

    Args:
        model: a timm model, unwrapped, on its device.
        section: the recipe's settings.

    Raises:
        UserError: an unknown name, or an argument that the optimizer does not have.
    """
    check_optimizer(section.name)
    try:
        optimizer: torch.optim.Optimizer = timm.optim.create_optimizer_v2(
            model,
            opt=f"lookahead_{section.name}" if section.lookahead else section.name,
            lr=section.lr,
            momentum=section.momentum,
            param_group_fn=lambda model: parameter_groups(model, section),
            **_fused(model, section),
            **_arguments(section),
        )
    except (TypeError, ValueError) as error:
        raise RecipeError(
            f"optimizer {section.name}: {error}", "Check optimizer.betas, optimizer.eps and optimizer.extra."
        ) from error
    for group in optimizer.param_groups:
        group["initial_lr"] = section.lr
    apply_lr(optimizer, 1.0)
    return optimizer


def check_optimizer(name: str) -> None:
    """Check the name of an optimizer.

    Raises:
        UserError: there is no such optimizer.
    """
    known = [known for known, _ in list_optimizers()]
    if name.lower() not in known:
        raise RecipeError(
            f"optimizer.name: there is no optimizer {name!r}{nearest(name.lower(), known)}",
            "`sketchfit options optimizers` lists them.",
        )


def _arguments(section: OptimizerSection) -> dict[str, Any]:
    given = {"betas": section.betas, "eps": section.eps}
    return {**{name: value for name, value in given.items() if value is not None}, **section.extra}


def _fused(model: nn.Module, section: OptimizerSection) -> dict[str, bool]:
    """Return the argument that makes one kernel per group update all its weights, where torch has such a kernel.

    Elsewhere each weight takes several operations, whose start costs more than their arithmetic for small networks.
    """
    kind = timm.optim.get_optimizer_class(section.name, bind_defaults=False)
    devices = {parameter.device.type for parameter in model.parameters()}
    chosen = {"fused", "foreach", "capturable", "differentiable"} & set(section.extra)
    return {"fused": True} if kind in FUSED and devices <= {"cpu", "cuda"} and not chosen else {}


def parameter_groups(model: nn.Module, section: OptimizerSection) -> list[dict[str, Any]]:
    """Return timm's groups with `params`, `weight_decay` and `lr_scale`; the head is a group of its own.

    With `layer_decay` d, a group k layers below the head has the scale d^k (at least `layer_decay_min`).
    """
    heads = tuple(f"{name}." for name in classifier_names(model))
    common: dict[str, Any] = {
        "weight_decay": section.weight_decay,
        "no_weight_decay_list": getattr(model, "no_weight_decay", set)(),
        # Muon is for hidden matrices only: embeddings and the head use its AdamW.
        "fallback_list": [f"{head}*" for head in heads] if "muon" in section.name.lower() else (),
        "fallback_no_weight_decay": "muon" in section.name.lower(),
    }
    with _all_trainable(model):
        if section.layer_decay is None:
            groups = timm.optim.param_groups_weight_decay(model, **common)
        else:
            groups = timm.optim.param_groups_layer_decay(
                model, layer_decay=section.layer_decay, min_scale=section.layer_decay_min, **common
            )
    in_head = {id(p) for name, p in model.named_parameters() if heads and name.startswith(heads)}
    return [part for group in groups for part in _split(group, in_head, section.head_lr_scale)]


@contextmanager
def _all_trainable(model: nn.Module) -> Iterator[None]:
    """Make all parameters trainable for the time of the context, because timm's groupings skip frozen ones."""
    frozen = [parameter for parameter in model.parameters() if not parameter.requires_grad]
    for parameter in frozen:
        parameter.requires_grad_(True)
    try:
        yield
    finally:
        for parameter in frozen:
            parameter.requires_grad_(False)


def _split(group: dict[str, Any], in_head: set[int], head_scale: float) -> Iterator[dict[str, Any]]:
    scale = group.get("lr_scale", 1.0)
    for belongs, factor in ((False, 1.0), (True, head_scale)):
        members = [parameter for parameter in group["params"] if (id(parameter) in in_head) is belongs]
        if members:
            yield {**group, "params": members, "lr_scale": scale * factor}
