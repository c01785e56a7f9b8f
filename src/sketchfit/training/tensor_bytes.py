"""Bytes of tensors: in nested values, and what a forward pass keeps for the backward pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


@contextmanager
def kept_bytes(model: nn.Module) -> Iterator[dict[int, int]]:
    """Yield a mapping that receives the bytes of each memory block that autograd keeps, weights and their casts not."""
    parameters = list(model.parameters())
    shapes = {form for one in parameters for form in (one.shape, one.shape[::-1])}
    weights = {one.untyped_storage().data_ptr() for one in parameters}  # a view of one may have another shape
    found: dict[int, int] = {}

    def keep(value: Tensor) -> Tensor:
        if value.shape not in shapes and value.device.type != "meta":
            block = value.untyped_storage()
            if block.data_ptr() in weights:
                return value
            found[block.data_ptr()] = max(found.get(block.data_ptr(), 0), block.nbytes())
        return value

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
        yield found


def tensors_in(value: Any) -> Iterator[Tensor]:
    """Yield the tensors in nested mappings and lists."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from tensors_in(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from tensors_in(one)


def tensor_bytes(tensors: Iterable[Tensor]) -> int:
    """Return the bytes of tensors."""
    return sum(value.numel() * value.element_size() for value in tensors)
