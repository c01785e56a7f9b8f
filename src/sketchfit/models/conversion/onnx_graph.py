"""A network as one ONNX graph from pictures to probabilities or to what it returns, for all runtimes.

Normalisation is part of the graph, so that the runtime can fuse it with the first layer.
"""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast
from unittest import mock

import torch
from torch import nn
from typing_extensions import override

from sketchfit.models.conversion.fold_batch_norms import fold_batch_norms
from sketchfit.models.network import Network

INPUT, OUTPUT = "images", "probabilities"


class PicturesToValues(nn.Module):
    """uint8 [B, H, W, C] -> float32 [B, …]: `to_input` and the network, as one module."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.model = network.model
        for name in ("mean", "std"):
            value = torch.tensor(getattr(network.normalisation, name)).view(1, 3, 1, 1) * 255
            self.register_buffer(name, value)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return what the network returns for pictures."""
        floats = (images.permute(0, 3, 1, 2).float() - self.mean) / self.std
        values: torch.Tensor = self.model(floats)
        return values


class PicturesToProbabilities(PicturesToValues):
    """uint8 [B, H, W, C] -> float32 [B, classes]: `to_input`, the network and softmax, as one module."""

    @override
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the probabilities of pictures."""
        return super().forward(images).softmax(dim=1)


def to_onnx(network: Network, shape: tuple[int, ...], *, any_batch: bool = False, probabilities: bool = True) -> bytes:
    """Convert a network in evaluation mode to ONNX.

    Args:
        network: unwrapped; a copy of it on the CPU is traced.
        shape: [B, H, W, C] of its input.
        any_batch: allow any number of pictures. The network may still have computed constants from it: compare.
        probabilities: of the classes; otherwise what the network returns.

    Raises:
        Exception: torch's exporter raises all kinds where it cannot convert an operator.
    """
    model = _copied(network.model, (1, 3, *shape[1:3]))
    kind = PicturesToProbabilities if probabilities else PicturesToValues
    module = kind(Network(model, network.normalisation)).eval()
    return _exported(module, shape, torch.uint8, any_batch)


def values_to_onnx(module: nn.Module, shape: tuple[int, ...]) -> bytes:
    """Convert a module in evaluation mode whose input is values, float32 of a shape, to ONNX; it raises the same."""
    return _exported(_copied(module, (1, *shape[1:])), shape, torch.float32, any_batch=False)


@contextmanager
def _without_modes() -> Iterator[None]:
    """Leave inference mode and autocast, in which the caller may be, and neither of which may enter the graph."""
    with torch.inference_mode(False), torch.no_grad(), torch.autocast("cpu", enabled=False):
        yield


def _copied(model: nn.Module, shape: tuple[int, ...]) -> nn.Module:
    """Return a copy with folded batch norms: the caller's may be on a GPU or in another memory format."""
    with _without_modes():
        made = copy.deepcopy(model).to("cpu", memory_format=torch.contiguous_format).eval()  # type: ignore[call-overload]
        fold_batch_norms(made, torch.zeros(shape))
    return cast(nn.Module, made)


def _exported(module: nn.Module, shape: tuple[int, ...], kind: torch.dtype, any_batch: bool) -> bytes:
    buffer = io.BytesIO()
    # Where an operator cannot be converted, torch 2.13 prints the complete graph, whatever its settings of logs are.
    no_graph = mock.patch.object(torch._C, "_jit_onnx_log", create=True)
    with warnings.catch_warnings(), _without_modes(), no_graph:
        warnings.simplefilter("ignore")  # of the tracer on constants, and of the exporter on its successor
        # The older exporter: five times as fast here as its successor, with the same results.
        torch.onnx.export(
            module,
            (torch.zeros(shape, dtype=kind),),
            buffer,  # type: ignore[arg-type]  # the older exporter takes files too
            dynamo=False,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: {0: "batch"}, OUTPUT: {0: "batch"}} if any_batch else None,
        )
    return buffer.getvalue()
