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


@pytest.mark.parametrize(
    "module",
    [
        *(nn.AdaptiveAvgPool2d(size) for size in (1, (1, 2), 7, 3, (5, 2), (12, 6), (12, 11))),
        Folds(1),
        Folds(2),
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
