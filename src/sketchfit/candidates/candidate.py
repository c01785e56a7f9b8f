"""A backbone with its weights, and what is published about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sketchfit.candidates.licences import UNKNOWN, is_non_commercial

OF_OTHERS: Mapping[str, Any] = {"weights": None, "args": {}, "mean": None, "std": None, "pretrained": True}
"""Part of a `model` section that belongs to its backbone: a candidate in its place does not take it over."""


@dataclass(frozen=True)
class BackboneCandidate:
    """A backbone with its weights.

    Attributes:
        name: unique among candidates: timm's name with the tag, or a file's name without its ending.
        backbone: timm's name; with a tag where the weights are on the hub.
        weights: local file of weights; None where they are on the hub.
        input_size: side of the input that the weights were trained with, in pixels.
        params: millions of parameters, with a classifier of 1,000 classes.
        gmacs: billions of multiplications per image at `input_size`, forward pass.
        licence: of the weights, as timm states it; `unknown` for local files.
        imagenet_top1: published accuracy on ImageNet-1k in percent; None where none is known.
        sketch_top1: published accuracy on ImageNet-Sketch in percent; None where none is known.
        sources: of the published figures, one sentence each.
    """

    name: str
    backbone: str
    weights: str | None
    input_size: int
    params: float
    gmacs: float
    licence: str = UNKNOWN
    imagenet_top1: float | None = None
    sketch_top1: float | None = None
    sources: tuple[str, ...] = ()

    @property
    def architecture(self) -> str:
        """timm's name without the tag."""
        return self.backbone.partition(".")[0]

    @property
    def non_commercial(self) -> bool:
        """Whether the licence forbids commercial use.

        >>> BackboneCandidate("a", "resnet18", None, 224, 11.7, 1.8, "cc-by-nc-4.0").non_commercial
        True
        """
        return is_non_commercial(self.licence)

    def gmacs_at(self, size: int) -> float:
        """Return billions of multiplications per image at an input size, in proportion to its area.

        >>> BackboneCandidate("a", "resnet18", None, 224, 11.7, 1.8).gmacs_at(112)
        0.45
        """
        return self.gmacs * (size / self.input_size) ** 2

    def settings(self, size: int | None = None) -> dict[str, Any]:
        """Return the settings of a recipe for this backbone.

        Args:
            size: side of the input in pixels; by default the one that the weights were trained with.
        """
        model: dict[str, Any] = {"backbone": self.backbone, "input_size": size or self.input_size}
        if self.weights is not None:
            model["weights"] = self.weights
        return {"model": model}
