"""A backbone with a kernel head: pooled features of an image are compared with those of the training images.

The head was fitted in closed form (`bank.kernel`); here it is a module, so that it is saved, predicts, and is exported
as any other network. It can be blended with the backbone's own head: the mean of log-probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sketchfit.models.pooling import Pooling, find_pooling

POWER = 0.7
"""Of the features: the few large values of a feature count less. The same in `bank.scale`."""


class KernelNetwork(nn.Module):
    """A backbone with a kernel head.

    Attributes:
        model: the backbone, with its own head.
        kept: int64 [K], columns of the pooled features.
        mean, factor: float32 [K], their scale.
        support: float16 [n, K], scaled features of the training images.
        dual: float32 [n, C], their coefficients.
        gamma: scalar, of the kernel exp(-gamma · d²) + 1.
        temperature: scalar, of the scores.
        blend: scalar, whether the own head counts as well, 0 or 1.
        mirrored: scalar, whether features are averaged over each image and the mirrored one, 0 or 1.
    """

    kept: Tensor
    mean: Tensor
    factor: Tensor
    support: Tensor
    dual: Tensor
    gamma: Tensor
    temperature: Tensor
    blend: Tensor
    mirrored: Tensor

    def __init__(self, model: nn.Module, pooling: Pooling, shape: tuple[int, int, int]) -> None:
        """Make a network whose head is zeros.

        Args:
            model: timm's.
            pooling: of this model.
            shape: training images n, columns K and classes C.
        """
        super().__init__()
        rows, columns, classes = shape
        self.model = model
        self.pooling = pooling
        self.register_buffer("kept", torch.zeros(columns, dtype=torch.int64))
        self.register_buffer("mean", torch.zeros(columns))
        self.register_buffer("factor", torch.zeros(columns))
        self.register_buffer("support", torch.zeros((rows, columns), dtype=torch.float16))
        self.register_buffer("dual", torch.zeros((rows, classes)))
        self.register_buffer("gamma", torch.ones(()))
        self.register_buffer("temperature", torch.ones(()))
        self.register_buffer("blend", torch.zeros((), dtype=torch.int64))
        self.register_buffer("mirrored", torch.zeros((), dtype=torch.int64))

    @classmethod
    def of_state(cls, model: nn.Module, state: dict[str, Tensor], size: int) -> KernelNetwork:
        """Make the network of a saved state, on the CPU; `size` is the side of the input in pixels."""
        pooling = find_pooling(model.eval(), size, torch.device("cpu"))
        rows, columns = state["support"].shape
        network = cls(model, pooling, (rows, columns, state["dual"].shape[1]))
        network.load_state_dict({"mirrored": network.mirrored} | state)  # older files do not have it
        return network

    @staticmethod
    def is_state(state: dict[str, Tensor]) -> bool:
        """Return whether a saved state is that of such a network."""
        return "support" in state and "dual" in state

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return int(self.dual.shape[1])

    def forward(self, images: Tensor) -> Tensor:
        """Return logits float32 [B, C] of images float [B, 3, H, W]."""
        both = torch.cat([images, images.flip(3)]) if self.mirrored else images
        last, blocks = self.pooling.outputs(both)
        logits = self.scores(self._mean(self.scaled(torch.cat(blocks, dim=1)))) / self.temperature
        if not self.blend:
            return logits
        own = F.log_softmax(self._own_logits(both, last).float(), dim=1)
        return (F.log_softmax(logits, dim=1) + self._mean(own)) / 2

    def scaled(self, features: Tensor) -> Tensor:
        """Return pooled features float32 [B, D] on the scale of the head, float32 [B, K]."""
        with torch.autocast(features.device.type, enabled=False):
            values = features.float()[:, self.kept]
            return (values.sign() * values.abs() ** POWER - self.mean) * self.factor

    def scores(self, values: Tensor) -> Tensor:
        """Return the scores of the kernel head, float32 [B, C], of scaled features float32 [B, K]."""
        with torch.autocast(values.device.type, enabled=False):  # distances are differences of large numbers
            support = self.support.float()
            squares = (values**2).sum(dim=1, keepdim=True) + (support**2).sum(dim=1)
            distance = (squares - 2 * values @ support.T).clamp(min=0)
            return (torch.exp(-self.gamma * distance) + 1) @ self.dual

    def scores_of_features(self, parts: Sequence[Tensor]) -> Tensor:
        """Return the scores float32 [B, C] of pooled features, float32 [B, D] per picture of the same images."""
        return self.scores(torch.stack([self.scaled(part) for part in parts]).mean(dim=0))

    def _mean(self, values: Tensor) -> Tensor:
        """Return the mean over an image and the mirrored one, [B, …] of [2 B, …]."""
        return values.reshape(2, -1, values.shape[1]).mean(dim=0) if self.mirrored else values

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

    def _own_logits(self, images: Tensor, last: Tensor | None) -> Tensor:
        """Return the logits of the backbone's own head."""
        found: Tensor = self.model(images) if last is None else self.forward_head(last)
        return found
