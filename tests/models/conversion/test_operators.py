"""Operators that torch's exporter lacks give what torch gives."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from sketchfit.models.conversion.onnx_graph import values_to_onnx
from sketchfit.models.conversion.session import onnx_session

pytest.importorskip("onnxruntime")


class Folds(nn.Module):
    """Unfolds an image and folds it, as VOLO does; the size is computed from the image."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        size = images.shape[2:]
        blocks = F.unfold(images, 3, padding=1, stride=self.stride)
        return F.fold(blocks * blocks, tuple(size), 3, padding=1, stride=self.stride)


class Windows(nn.Module):
    """Windows of two axes of a map, as HaloNet has them."""

    def __init__(self, size: int, step: int, axis: int = 2) -> None:
        super().__init__()
        self.size, self.step, self.axis = size, step, axis

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.unfold(self.axis, self.size, self.step).unfold(3, 2, 2)


class UnknownSize(nn.Module):
    """Pools a map whose size the exporter does not know."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        found = images[:, :, images.shape[3] - 5 :].unfold(3, 2, 1).mean(4)
        return nn.functional.adaptive_avg_pool2d(found, (2, 3))


@pytest.mark.parametrize(
    "module",
    [
        *(nn.AdaptiveAvgPool2d(size) for size in (1, (1, 2), 7, 3, (5, 2), (12, 6), (12, 11))),
        Folds(1),
        Folds(2),
        UnknownSize(),
        Windows(4, 2),
        Windows(5, 3, axis=-2),
        Windows(1, 1),
        nn.RMSNorm(6),
        nn.RMSNorm((12, 6), eps=0.1),
        nn.RMSNorm(6, elementwise_affine=False),
    ],
    ids=str,
)
def test_values_are_those_of_torch(module: nn.Module) -> None:
    torch.manual_seed(0)
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    values = torch.randn(2, 3, 12, 6)
    graph = values_to_onnx(module.eval(), tuple(values.shape))
    with torch.no_grad():
        expected = module(values).numpy()
    found = onnx_session(graph, 1).run(None, {"images": values.numpy()})[0]
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchs_own_converters_are_restored() -> None:
    values_to_onnx(nn.AdaptiveAvgPool2d(7), (1, 3, 4, 4))
    with pytest.raises(torch.onnx.errors.SymbolicValueError):
        torch.onnx.export(nn.AdaptiveAvgPool2d(7), (torch.zeros(1, 3, 4, 4),), io.BytesIO(), dynamo=False)
