"""What processes of one training exchange besides gradients. All of them call the same functions in the same order."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.distributed as dist
from torch import Tensor, nn


def gathered_rows(mine: Tensor, counts: Sequence[int]) -> list[Tensor]:
    """Return the rows of all processes in the order of their ranks; no gradient passes between processes.

    Args:
        mine: rows of this process, [n, …]; the other dimensions are the same in all processes.
        counts: number of rows of each process; some may be 0.
    """
    padded = mine.new_zeros((max(counts), *mine.shape[1:]))
    padded[: len(mine)] = mine.detach()
    found = [torch.empty_like(padded) for _ in counts]
    dist.all_gather(found, padded)
    return [rows[:count] for rows, count in zip(found, counts, strict=True)]


def running_statistics(model: nn.Module) -> list[Tensor]:
    """Return the buffers in which layers in train mode keep running statistics, such as those of batch norm."""
    return [
        buffer
        for module in model.modules()
        if module.training
        for name, buffer in module.named_buffers(recurse=False)
        if name.startswith("running_") and buffer.is_floating_point()
    ]


@torch.no_grad()
def average(tensors: Sequence[Tensor], share: float) -> None:
    """Replace tensors by their weighted mean over all processes, in place.

    Args:
        tensors: of one device.
        share: weight of this process; those of all processes sum to 1.
    """
    if not tensors:
        return
    joined = torch.cat([tensor.flatten().to(torch.promote_types(tensor.dtype, torch.float32)) for tensor in tensors])
    joined = joined * share if share else torch.zeros_like(joined)
    dist.all_reduce(joined)
    parts = torch.split(joined, [tensor.numel() for tensor in tensors])
    for tensor, part in zip(tensors, parts, strict=True):
        tensor.copy_(part.view_as(tensor))
