"""A network as one ONNX graph from pictures to probabilities or to what it returns, for all runtimes."""

from __future__ import annotations

import copy
import io
from dataclasses import replace
from typing import Any, cast

import torch
from torch import nn

from sketchfit.models.conversion.fold_batch_norms import fold_batch_norms
from sketchfit.models.conversion.modules import INPUT, PROBABILITIES, GraphOutputs, PicturesToValues
from sketchfit.models.conversion.operators import more_operators
from sketchfit.models.conversion.quiet import quiet
from sketchfit.models.conversion.without_modes import without_modes
from sketchfit.models.network import Network

OPSET = 20
"""Version of ONNX's operators in the graphs; torch's default differs between its versions."""

FOLDED = 1e-3
"""Largest difference of a value after folding, as a share of the largest one."""


def to_onnx(
    network: Network,
    shape: tuple[int, ...],
    outputs: GraphOutputs | None = None,
    *,
    any_batch: bool = False,
    fold: bool = True,
) -> bytes:
    """Convert a network in evaluation mode to ONNX.

    Args:
        network: unwrapped; a copy of it on the CPU is traced.
        shape: [B, H, W, C] of its input.
        outputs: of the graph; None: what the network returns.
        any_batch: allow any number of pictures. The network may still have computed constants from it: compare.
        fold: fold batch norms into convolutions.

    Raises:
        Exception: torch's exporter raises all kinds where it cannot convert an operator.
    """
    copied = replace(network, model=_copied(network.model, (1, 3, *shape[1:3]), fold=fold))
    module = PicturesToValues(copied).eval() if outputs is None else outputs.module(copied)
    names = (PROBABILITIES,) if outputs is None else outputs.names
    return _exported(module, torch.zeros(shape, dtype=torch.uint8), names, any_batch)


def values_to_onnx(module: nn.Module, shape: tuple[int, ...]) -> bytes:
    """Convert a module in evaluation mode whose input is values, float32 of a shape, to ONNX; it raises the same."""
    return _exported(_copied(module, (1, *shape[1:])), torch.zeros(shape), (PROBABILITIES,), any_batch=False)


def copied(model: nn.Module) -> nn.Module:
    """Return a copy on the CPU in evaluation mode: the caller's may be on a GPU or in another memory format."""
    made: Any = copy.deepcopy(model)
    return cast(nn.Module, made.to("cpu", memory_format=torch.contiguous_format).eval())


def _copied(model: nn.Module, shape: tuple[int, ...], *, fold: bool = True) -> nn.Module:
    """Return a copy with folded batch norms, where folding leaves its values as they are."""
    with without_modes():
        made = copied(model)
        if not fold:
            return made
        images = torch.randn(shape, generator=torch.Generator().manual_seed(0))
        expected = made(images)
        fold_batch_norms(made, images)
        largest = float(expected.nan_to_num().abs().max())
        same = torch.allclose(made(images), expected, rtol=0, atol=FOLDED * largest, equal_nan=True)
        return made if same else copied(model)


def _exported(module: nn.Module, images: torch.Tensor, names: tuple[str, ...], any_batch: bool) -> bytes:
    buffer = io.BytesIO()
    with quiet(), without_modes(), more_operators():
        # The older exporter: five times as fast here as its successor, with the same results.
        torch.onnx.export(
            module,
            (images,),
            buffer,  # type: ignore[arg-type]  # the older exporter takes files too
            dynamo=False,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=list(names),
            dynamic_axes={name: {0: "batch"} for name in (INPUT, *names)} if any_batch else None,
        )
    return buffer.getvalue()
