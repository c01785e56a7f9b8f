"""A network and its weights as timm alone gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from safetensors import safe_open
from torch import nn

from sketchfit._timm import timm


@dataclass(frozen=True)
class TimmModel:
    """The network, and the mean and deviation that its weights expect."""

    model: nn.Module
    mean: tuple[float, ...]
    std: tuple[float, ...]


def create(backbone: str, weights: str, classes: int) -> TimmModel:
    """The backbone with the file's weights and a new head."""
    with safe_open(weights, framework="pt") as file:
        metadata = file.metadata() or {}
    arguments: dict[str, Any] = {"pad_type": metadata["pad_type"]} if "pad_type" in metadata else {}
    model = timm.create_model(
        backbone, pretrained=True, pretrained_cfg_overlay={"file": weights}, num_classes=classes, **arguments
    )

    def numbers(key: str) -> tuple[float, ...]:
        given = tuple(map(float, metadata[key].split())) if key in metadata else tuple(model.pretrained_cfg[key])
        return given * 3 if len(given) == 1 else given

    return TimmModel(model, numbers("mean"), numbers("std"))
