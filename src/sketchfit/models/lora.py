"""LoRA: "LoRA: Low-Rank Adaptation of Large Language Models", Hu et al., arXiv 2106.09685.

The addition is a parametrization of the weight, not a module around the layer as in the library peft: some of timm's
attentions (EVA02's among them) read `qkv.weight` directly, so that peft's addition is lost. Elsewhere both give the
same output (`tests/models/test_lora.py`). After `merge_lora` the model is an ordinary timm model again.
"""

from __future__ import annotations

import math
from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from sketchfit.config.freezing import FreezingSection
from sketchfit.config.lora import LoraSection
from sketchfit.errors import UserError
from sketchfit.models.classifier import classifier_names


class LowRank(nn.Module):
    """weight + scale × lora_up @ lora_down; equal to the weight at first, because `lora_up` starts at 0."""

    def __init__(self, weight: Tensor, rank: int, scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.lora_down = nn.Parameter(weight.new_empty(rank, weight[0].numel()))
        self.lora_up = nn.Parameter(weight.new_zeros(len(weight), rank))
        nn.init.kaiming_uniform_(self.lora_down, a=math.sqrt(5))

    def forward(self, weight: Tensor) -> Tensor:
        """Return the sum for a weight [out, in, …]."""
        return weight + self.scale * (self.lora_up @ self.lora_down).view_as(weight)


def add_lora(model: nn.Module, section: LoraSection) -> tuple[str, ...]:
    """Add a low-rank matrix to the weights of the section's layers, in place, from torch's global generator.

    Args:
        model: a timm model with its head attached, unwrapped, before the optimizer is built.
        section: rank above 0.

    Returns:
        Names of these layers.

    Raises:
        UserError: no name of a layer matches.
    """
    head = classifier_names(model)
    found = {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear | nn.Conv2d)
        and any(fnmatchcase(name, pattern) for pattern in section.targets)
        and not any(name == part or name.startswith(f"{part}.") for part in head)
    }
    if not found:
        layers = [name for name, module in model.named_modules() if isinstance(module, nn.Linear | nn.Conv2d)]
        raise UserError(
            f"lora.targets: no layer of {type(model).__name__} matches {', '.join(section.targets)}",
            f"Names of layers are like {', '.join(layers[len(layers) // 2 :][:4])}.",
        )
    for module in found.values():
        addition = LowRank(module.weight, section.rank, section.alpha / section.rank)
        parametrize.register_parametrization(module, "weight", addition)
    return tuple(found)


def lora_freezing(model: nn.Module, section: FreezingSection) -> FreezingSection:
    """Return the freezing for `add_lora`: only the additions, the head and `section.trained` are trained.

    Settings of layer groups have no effect then.
    """
    head = tuple(f"{name}.*" for name in classifier_names(model))
    trained = (*section.trained, "*.lora_down", "*.lora_up", *head)
    return section.model_copy(update={"frozen": ("*",), "trained": trained})


def merge_lora(model: nn.Module) -> None:
    """Add each addition to its weight and remove it, in place: the state dict then has timm's names again."""
    for module in list(model.modules()):
        if parametrize.is_parametrized(module, "weight") and any(isinstance(m, LowRank) for m in module.modules()):
            _merge(module)


def _merge(module: nn.Module) -> None:
    merged = nn.Parameter(torch.as_tensor(module.weight).detach().clone())
    # Not torch's `remove_parametrizations`: it changes the class, which a copy of the model (EMA's) shares.
    module.__class__ = parametrize.type_before_parametrizations(module)
    del module.parametrizations
    module.register_parameter("weight", merged)
