"""Bytes that a forward pass keeps: activations, and no weights, in whatever shape a layer uses them."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import pytest
import torch
from torch import nn

from sketchfit.models.bf16_products import bf16_products
from sketchfit.training.tensor_bytes import kept_bytes


@pytest.mark.parametrize("context", [nullcontext(), bf16_products()], ids=["fp32", "products in bf16"])
def test_weights_are_not_counted(context: AbstractContextManager[object]) -> None:
    layer, images = nn.Conv2d(200, 300, 1), torch.randn(2, 200, 3, 3)
    images = images.contiguous(memory_format=torch.channels_last).requires_grad_()
    with context, kept_bytes(layer) as kept:
        layer(images)
    assert sum(kept.values()) == 4 * images.numel()
