"""The modules that are converted: from pictures to what a network returns, to probabilities, or to these and features.

Normalisation is part of them, so that a runtime can fuse it with the first layer.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from typing_extensions import override

from sketchfit.models.features import logits_and_features
from sketchfit.models.network import Network

INPUT, PROBABILITIES, FEATURES = "images", "probabilities", "features"
"""Names of the input and of the outputs."""


@dataclass(frozen=True)
class GraphOutputs:
    """What an exported network returns.

    Attributes:
        temperature: by which logits are divided before softmax.
        features: whether the values that the head reads are the second output.
    """

    temperature: float = 1.0
    features: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the outputs, in their order."""
        return (PROBABILITIES, FEATURES) if self.features else (PROBABILITIES,)

    def module(self, network: Network) -> nn.Module:
        """Return the module in evaluation mode; it shares the network's weights."""
        return PicturesToAnswers(network, self).eval()


class PicturesToValues(nn.Module):
    """uint8 [B, H, W, C] -> float32 [B, …]: `to_input` and the network, as one module."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.model = network.model
        for name in ("mean", "std"):
            value = torch.tensor(getattr(network.normalisation, name)).view(1, 3, 1, 1) * 255
            self.register_buffer(name, value)

    def floats(self, images: Tensor) -> Tensor:
        """Return the network's input, float32 [B, 3, H, W]."""
        return (images.permute(0, 3, 1, 2).float() - self.mean) / self.std

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Return what the network returns for pictures."""
        values: Tensor = self.model(self.floats(images))
        return values


class PicturesToAnswers(PicturesToValues):
    """uint8 [B, H, W, C] -> float32 [B, classes], and [B, D] where wanted: `to_input`, the network and softmax."""

    def __init__(self, network: Network, outputs: GraphOutputs) -> None:
        super().__init__(network)
        self._outputs = outputs

    @override
    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the probabilities of pictures, and their features where these are wanted."""
        floats = self.floats(images)
        if not self._outputs.features:
            return (self._probabilities(self.model(floats)),)
        logits, features = logits_and_features(self.model, floats)
        return self._probabilities(logits), features

    def _probabilities(self, logits: Tensor) -> Tensor:
        scaled = logits if self._outputs.temperature == 1 else logits / self._outputs.temperature
        return scaled.softmax(dim=1)
