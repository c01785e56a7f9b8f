"""A network with the normalisation of its input, and how pictures become that input."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import nn

from sketchfit.models.pixels import normalised


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation per channel, in units of the range [0, 1]."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


@dataclass(frozen=True)
class Network:
    """A timm model and the normalisation of its input.

    Attributes:
        model: images float [B, 3, H, W] to logits [B, classes].
        normalisation: of the images.
        new_head: whether the head's first weights were random, and not from a file.
        notes: for the user, on what the file of weights lacks or has besides.
    """

    model: nn.Module
    normalisation: Normalisation
    new_head: bool = True
    notes: tuple[str, ...] = ()

    @property
    def classes(self) -> int:
        """Number of classes."""
        return int(self.model.num_classes)  # type: ignore[arg-type]


def to_input(
    images: torch.Tensor, normalisation: Normalisation, device: torch.device, channels_last: bool
) -> torch.Tensor:
    """Return the network's input: float, normalised, three channels. Bytes are moved to another device, not floats.

    Args:
        images: uint8 [B, H, W, C] with C 1 or 3 (grey is repeated).

    Returns:
        float32 [B, 3, H, W] on `device`.
    """
    layout = torch.channels_last if channels_last else torch.contiguous_format
    if device.type == "cpu" and images.device.type == "cpu":
        floats = torch.from_numpy(normalised(images.contiguous().numpy(), normalisation.mean, normalisation.std))
        return floats.permute(0, 3, 1, 2).contiguous(memory_format=layout)  # copies only for channels first
    pixels = images.to(device, non_blocking=True).permute(0, 3, 1, 2)
    mean, std = _constants(normalisation, device)
    floats = torch.empty((len(pixels), 3, *pixels.shape[2:]), device=device, memory_format=layout)
    torch.sub(pixels, mean, out=floats)  # bytes become floats here, and broadcasting repeats a grey channel
    return floats.div_(std)


@lru_cache(maxsize=8)
def _constants(normalisation: Normalisation, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and deviation of bytes, [1, 3, 1, 1] on `device`; cached, because each copy waits for the device."""
    with torch.inference_mode(False):  # tensors of inference mode could not be used in training
        mean, std = (
            torch.tensor(values, device=device).view(1, 3, 1, 1) * 255
            for values in (normalisation.mean, normalisation.std)
        )
    return mean, std
