"""What is taken from one forward pass of a frozen backbone: pooled outputs of its stages, and of its last map.

Early stages describe lines and corners, late ones objects; a head that gets both is better on drawings than one on the
last map. timm's `forward_intermediates` returns the outputs of all stages, for convolutional and transformer models.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from sketchfit.models.classifier import features_of
from sketchfit.models.faults import one_line

MOST_STAGES = 4
"""Stages that are taken, the last ones."""


@dataclass(frozen=True)
class Pooling:
    """Which outputs of a model are pooled, and how.

    The blocks of its result are: the mean of each stage over its places, the mean of the last map, its maximum, and
    the class token where there is one. A model without `forward_intermediates` has one block, its pooled features.

    Attributes:
        model: a timm model, in evaluation mode.
        stages: numbers of the stages; None: the model's own pooled features are taken.
        prefix: tokens before those of places in the last output, if that consists of tokens.
        class_token: whether the first of them is a class token.
        widths: number of features per block.
        logits: how many logits of the model's own head are the last block; 0: they are not taken.
    """

    model: nn.Module
    stages: tuple[int, ...] | None
    prefix: int = 0
    class_token: bool = False
    widths: tuple[int, ...] = ()
    logits: int = 0

    def __call__(self, images: Tensor) -> Tensor:
        """Return the features float32 [B, D] of images float [B, 3, H, W]; D is the sum of `widths`."""
        return torch.cat(self.blocks(images), dim=1)

    def blocks(self, images: Tensor) -> list[Tensor]:
        """Return the features per block, each float32 [B, width]."""
        last, found = self.outputs(images)
        return [*found, self.own_logits(images, last).float()] if self.logits else found

    def with_logits(self) -> Pooling:
        """Return a pooling that takes the logits of the model's own head as well, from the same forward pass."""
        classes = int(self.model.num_classes)  # type: ignore[arg-type]
        return replace(self, widths=(*self.widths, classes), logits=classes)

    def own_logits(self, images: Tensor, last: Tensor | None) -> Tensor:
        """Return the logits [B, C] of the model's own head, of images and the last map of `outputs`."""
        network: Any = self.model
        found: Tensor = network(images) if last is None else network.forward_head(last)
        return found

    def outputs(self, images: Tensor) -> tuple[Tensor | None, list[Tensor]]:
        """Return the last map, from which the model's head computes logits, and the features per block.

        The last map is None for a model without `forward_intermediates`.
        """
        if self.stages is None:
            return None, [features_of(self.model, images).float()]
        last, maps = _outputs(self.model, images, list(self.stages))
        return last, [_mean(stage) for stage in maps] + self._of_last(last)

    def _of_last(self, last: Tensor) -> list[Tensor]:
        values = last.float()
        if values.ndim == 2:
            return [values]
        if values.ndim == 4:
            places = (1, 2) if _is_channels_last(self.model) else (2, 3)
            return [values.mean(places), values.amax(places)]
        tokens = values[:, self.prefix :]
        return [tokens.mean(1), tokens.amax(1), *([values[:, 0]] if self.class_token else [])]


class PooledModel(nn.Module):
    """A pooling as a module, so that it can be copied and converted: images float [B, 3, H, W] to float32 [B, D]."""

    def __init__(self, pooling: Pooling) -> None:
        super().__init__()
        self.model = pooling.model
        self._pooling = pooling

    def forward(self, images: Tensor) -> Tensor:
        """Return the features of images."""
        return replace(self._pooling, model=self.model)(images)


class NoFeaturesError(Exception):
    """The model returns no features before its classifier."""


def find_pooling(model: nn.Module, size: int, device: torch.device) -> Pooling:
    """Find what can be taken from a model, by one pass of a random picture.

    Args:
        model: a timm model, in evaluation mode, on `device`.
        size: side of its input in pixels.
        device: of the model.

    Raises:
        NoFeaturesError: nothing can be taken.
    """
    picture = torch.randn((1, 3, size, size), generator=torch.Generator().manual_seed(0)).to(device)
    with torch.inference_mode():
        found = _from_stages(model, picture)
        try:
            found = found or Pooling(model, None)
            widths = tuple(block.shape[1] for block in found.blocks(picture))
        except Exception as error:  # what models raise that have none, or that do not compute at this size
            name = type(model).__name__
            raise NoFeaturesError(f"{name} has no features before its classifier: {one_line(error)}") from error
    return Pooling(model, found.stages, found.prefix, found.class_token, widths)


def _from_stages(model: nn.Module, picture: Tensor) -> Pooling | None:
    """Return the pooling of a model with stages; None where it does not return them."""
    try:
        last, maps = _outputs(model, picture, None)
        stages = _chosen(maps)
        prefix = max(0, last.shape[1] - maps[-1][0, 0].numel()) if last.ndim == 3 else 0
        class_token = prefix > 0 and getattr(model, "cls_token", None) is not None
        found = Pooling(model, stages, prefix, class_token)
        *_, of_last_stage, first_of_last = [_mean(maps[stages[-1]]), found._of_last(last)[0]]
    except Exception:  # what models of several scales, or without stages, raise
        return None
    if len(stages) > 1 and torch.equal(of_last_stage, first_of_last):  # the last stage is the last map
        return Pooling(model, stages[:-1], prefix, class_token)
    return found


def _chosen(maps: list[Tensor]) -> tuple[int, ...]:
    """Return the last four stages; of a plain transformer, where these have one size, the ends of four quarters."""
    count = len(maps)
    if count <= MOST_STAGES:
        return tuple(range(count))
    if len({stage.shape[2:] for stage in maps[-MOST_STAGES:]}) > 1:
        return tuple(range(count - MOST_STAGES, count))
    return tuple(-(-count * quarter // MOST_STAGES) - 1 for quarter in range(1, MOST_STAGES + 1))


def _outputs(model: nn.Module, images: Tensor, stages: list[int] | None) -> tuple[Tensor, list[Tensor]]:
    """Return the last output, and the maps [B, C, H, W] of these stages; of all stages where None."""
    network: Any = model
    last, maps = network.forward_intermediates(images, indices=stages)
    return last, maps


def _mean(stage: Tensor) -> Tensor:
    return stage.float().mean((2, 3))


def _is_channels_last(model: nn.Module) -> bool:
    """Return whether the last output is [B, H, W, C]: Swin and others."""
    return str(getattr(model, "output_fmt", "NCHW")) == "NHWC"
