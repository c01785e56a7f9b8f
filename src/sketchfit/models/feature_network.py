"""A backbone with a head on its pooled features, in place of its classifier or blended with it.

The head was fitted in closed form (`bank.closed_forms`); here it is a module, so that it is saved, predicts, and is
exported as any other network. Subclasses have the head; blending takes the mean of log-probabilities.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sketchfit.models.pooling import Pooling, find_pooling

POWER = 0.7
"""Of the features: the few large values of a feature count less. The same in `bank.scale`."""

SCORES = 1e-4
"""Difference of a score that a converted network may have; scores are about 1 for the class, and -1 for others. Heads
keep features of training images with 11 bits, and rounding those of other images in the same way changes more."""

MOST = 1e-3
"""Largest difference of a converted network's probabilities from torch's, whatever the temperature."""


def tolerance_of(model: nn.Module, usual: float) -> float:
    """Return how much a conversion's probabilities may differ from torch's; `usual` without a head on features.

    A probability changes by at most a quarter of the difference of a score over the temperature.
    """
    if not isinstance(model, FeatureNetwork):
        return usual
    return max(usual, min(MOST, SCORES / (4 * float(model.temperature))))


class FeatureNetwork(nn.Module):
    """A backbone with a head on its pooled features.

    Attributes:
        buffers_of_head: names of the head's buffers; they are saved.
        model: the backbone, with its own head.
        kept: int64 [K], columns of the pooled features.
        mean, factor: float32 [K], their scale.
        temperature: scalar, of the scores.
        blend: scalar, whether the own head counts as well, 0 or 1.
        mirrored: scalar, whether features are averaged over each image and the mirrored one, 0 or 1.
    """

    buffers_of_head: ClassVar[tuple[str, ...]]

    kept: Tensor
    mean: Tensor
    factor: Tensor
    temperature: Tensor
    blend: Tensor
    mirrored: Tensor

    def __init__(self, model: nn.Module, pooling: Pooling, columns: int) -> None:
        """Make a network without a head.

        Args:
            model: timm's.
            pooling: of this model.
            columns: number of scaled features, K.
        """
        super().__init__()
        self.model = model
        self.pooling = pooling
        self.register_buffer("kept", torch.zeros(columns, dtype=torch.int64))
        self.register_buffer("mean", torch.zeros(columns))
        self.register_buffer("factor", torch.zeros(columns))
        self.register_buffer("temperature", torch.ones(()))
        self.register_buffer("blend", torch.zeros((), dtype=torch.int64))
        self.register_buffer("mirrored", torch.zeros((), dtype=torch.int64))

    @classmethod
    def of_head(cls, model: nn.Module, pooling: Pooling, columns: int, head: dict[str, Tensor]) -> Self:
        """Make a network with a head.

        Args:
            model, pooling, columns: as for the constructor.
            head: the buffers of the head by name.
        """
        network = cls(model, pooling, columns)
        for name in cls.buffers_of_head:
            network.register_buffer(name, head[name])
        return network

    @classmethod
    def of_state(cls, model: nn.Module, state: dict[str, Tensor], size: int) -> Self:
        """Make the network of a saved state, on the CPU; `size` is the side of the input in pixels."""
        pooling = find_pooling(model.eval(), size, torch.device("cpu"))
        head = {name: torch.zeros_like(state[name]) for name in cls.buffers_of_head}
        network = cls.of_head(model, pooling, len(state["kept"]), head)
        network.load_state_dict({"mirrored": network.mirrored} | state)  # older files do not have it
        return network

    @staticmethod
    def is_state(state: dict[str, Tensor]) -> bool:
        """Return whether a saved state is that of such a network, with any head."""
        return {"kept", "factor", "temperature"} <= state.keys()

    @property
    @abstractmethod
    def num_classes(self) -> int:
        """Number of classes."""

    @abstractmethod
    def scores(self, values: Tensor) -> Tensor:
        """Return the scores of the head, float32 [B, C], of scaled features float32 [B, K]."""

    def forward(self, images: Tensor) -> Tensor:
        """Return logits float32 [B, C] of images float [B, 3, H, W]."""
        return self.logits_of(*self._outputs(images))

    def logits_and_features(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits float32 [B, C], and the scaled features that the head reads, float32 [B, K]."""
        features, own = self._outputs(images)
        return self.logits_of(features, own), self._mean_scaled(features)

    def _outputs(self, images: Tensor) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
        """Return the arguments of `logits_of`."""
        both = torch.cat([images, images.flip(3)]) if self.mirrored else images
        last, blocks = self.pooling.outputs(both)
        own = self._by_picture(self.pooling.own_logits(both, last)) if self.blend else ()
        return self._by_picture(torch.cat(blocks, dim=1)), own

    def logits_of(self, features: Sequence[Tensor], own: Sequence[Tensor]) -> Tensor:
        """Return logits float32 [B, C] of what the backbone returns for each picture of the same images.

        Args:
            features: pooled ones, float32 [B, D] per picture.
            own: logits [B, C] of the backbone's own head per picture; not used without `blend`.
        """
        logits = self.scores_of_features(features) / self.temperature
        if not self.blend:
            return logits
        mean = torch.stack([F.log_softmax(one.float(), dim=1) for one in own]).mean(dim=0)
        return (F.log_softmax(logits, dim=1) + mean) / 2

    def scaled(self, features: Tensor) -> Tensor:
        """Return pooled features float32 [B, D] on the scale of the head, float32 [B, K]."""
        with torch.autocast(features.device.type, enabled=False):
            values = features.float()[:, self.kept]
            return (values.sign() * values.abs() ** POWER - self.mean) * self.factor

    def scores_of_features(self, parts: Sequence[Tensor]) -> Tensor:
        """Return the scores float32 [B, C] of pooled features, float32 [B, D] per picture of the same images."""
        return self.scores(self._mean_scaled(parts))

    def _mean_scaled(self, parts: Sequence[Tensor]) -> Tensor:
        return torch.stack([self.scaled(part) for part in parts]).mean(dim=0)

    def _by_picture(self, values: Tensor) -> Sequence[Tensor]:
        """Return [2 B, …] of images and mirrored images as two [B, …]; where nothing is mirrored, the values."""
        return values.reshape(2, -1, values.shape[1]).unbind() if self.mirrored else (values,)

    def forward_features(self, images: Tensor) -> Tensor:
        """Return the backbone's last map."""
        network: Any = self.model
        found: Tensor = network.forward_features(images)
        return found

    def forward_head(self, features: Tensor, pre_logits: bool = False) -> Tensor:
        """Return the output of the backbone's own head."""
        network: Any = self.model
        found: Tensor = network.forward_head(features, pre_logits=pre_logits)
        return found
