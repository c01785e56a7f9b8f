"""LoRA: "LoRA: Low-Rank Adaptation of Large Language Models", Hu et al., arXiv 2106.09685.

Hung on as a parametrization of the weight itself, not as a module around the layer as the library peft does it: some
of timm's attentions (EVA02's among them) read `qkv.weight` directly, past any wrapper, and peft's addition to them is
lost without a word. Elsewhere both give the same output (`tests/models/test_lora.py`). After `merge_lora` the model is
an ordinary timm model again.
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
    """weight + scale × lora_up @ lora_down, equal to the weight at first, as `lora_up` starts at 0."""

    def __init__(self, weight: Tensor, rank: int, scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.lora_down = nn.Parameter(weight.new_empty(rank, weight[0].numel()))
        self.lora_up = nn.Parameter(weight.new_zeros(len(weight), rank))
        nn.init.kaiming_uniform_(self.lora_down, a=math.sqrt(5))

    def forward(self, weight: Tensor) -> Tensor:
        """[out, in, …] to the same shape."""
        return weight + self.scale * (self.lora_up @ self.lora_down).view_as(weight)


def add_lora(model: nn.Module, section: LoraSection) -> tuple[str, ...]:
    """Give the layers that the section names a low-rank addition, in place, from torch's global generator.

    Args:
        model: a timm model with its head attached, unwrapped, before the optimizer is built.
        section: rank above 0.

    Returns:
        Names of the layers that got one.

    Raises:
        UserError: no layer's name matches.
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
            f"layers are named like {', '.join(layers[len(layers) // 2 :][:4])}",
        )
    for module in found.values():
        addition = LowRank(module.weight, section.rank, section.alpha / section.rank)
        parametrize.register_parametrization(module, "weight", addition)
    return tuple(found)


def lora_freezing(model: nn.Module, section: FreezingSection) -> FreezingSection:
    """The freezing that goes with `add_lora`: all but the additions, the head and what the section says always learns.

    What the section says of layer groups no longer matters.
    """
    head = tuple(f"{name}.*" for name in classifier_names(model))
    trained = (*section.trained, "*.lora_down", "*.lora_up", *head)
    return section.model_copy(update={"frozen": ("*",), "trained": trained})


def merge_lora(model: nn.Module) -> None:
    """Add each addition into its weight and take it off, in place: the state dict has timm's names again."""
    for module in list(model.modules()):
        if parametrize.is_parametrized(module, "weight") and any(isinstance(m, LowRank) for m in module.modules()):
            _merge(module)


def _merge(module: nn.Module) -> None:
    merged = nn.Parameter(torch.as_tensor(module.weight).detach().clone())
    # Not torch's `remove_parametrizations`: it strips the class, which a copy of the model (EMA's) shares.
    module.__class__ = parametrize.type_before_parametrizations(module)
    del module.parametrizations
    module.register_parameter("weight", merged)
