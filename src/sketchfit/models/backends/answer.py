"""What every backend is: a function from stored pictures to probabilities. And torch as the plainest one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sketchfit.models.backbone import Network, to_input

Pictures = NDArray[np.uint8]
"""uint8 [B, H, W, C], C 1 or 3."""
Floats = NDArray[np.float32]
Answer = Callable[[Pictures], Floats]
"""Pictures [B, H, W, C] -> probabilities float32 [B, classes], rows sum to 1."""


def eager(network: Network, device: torch.device, channels_last: bool, model: nn.Module | None = None) -> Answer:
    """The network as it is, on `device`; the caller holds inference mode and autocast.

    Args:
        model: what to call instead of the network's own model, of the same weights.
    """
    called = network.model if model is None else model

    def answer(pictures: Pictures) -> Floats:
        logits = called(to_input(torch.from_numpy(pictures), network.normalisation, device, channels_last))
        found: Floats = logits.float().softmax(dim=1).cpu().numpy()
        return found

    return answer


def compiled(network: Network, device: torch.device, channels_last: bool) -> Answer:
    """The network through `torch.compile`: half a minute and more before the first answer, and a C++ compiler."""
    return eager(network, device, channels_last, torch.compile(network.model))  # type: ignore[arg-type]


def in_batches_of(size: int, answer: Answer) -> Answer:
    """For a graph that takes batches of one size only: cut larger ones, fill up the last with empty pictures."""

    def whole(pictures: Pictures) -> Floats:
        found = []
        for start in range(0, len(pictures), size):
            part = pictures[start : start + size]
            missing = size - len(part)
            full = np.concatenate([part, np.zeros((missing, *part.shape[1:]), np.uint8)]) if missing else part
            found.append(answer(np.ascontiguousarray(full))[: len(part)])
        return np.concatenate(found)

    return whole
