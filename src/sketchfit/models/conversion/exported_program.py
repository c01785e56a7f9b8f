"""A network as a file of `torch.export`, for programs that have torch but not sketchfit or timm."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import torch

from sketchfit.errors import UserError
from sketchfit.files import output
from sketchfit.models.backend import Floats, Pictures
from sketchfit.models.conversion.modules import INPUT
from sketchfit.models.conversion.onnx_graph import copied
from sketchfit.models.conversion.quiet import quiet
from sketchfit.models.conversion.reference import Answering, TorchReference
from sketchfit.models.conversion.without_modes import without_modes
from sketchfit.models.faults import one_line
from sketchfit.models.network import Network


def write_exported_program(path: Path, network: Network, reference: TorchReference) -> bool:
    """Write `path` (.pt2): `torch.export.load(path).module()(images)` returns probabilities, and features if wanted.

    Args:
        path: of the file.
        network: its weights are copied.
        reference: of this network: what is written, and with what it is compared.

    Returns:
        Whether the program takes any number of pictures; otherwise it takes one at a time.

    Raises:
        UserError: torch cannot export the network, or the program answers otherwise.
    """
    program, any_batch = _checked(network, reference)
    with output(path) as temporary:
        temporary.write_bytes(program)
    return any_batch


def _checked(network: Network, reference: TorchReference) -> tuple[bytes, bool]:
    why = ""
    for any_batch in (True, False):
        try:
            program = _exported(network, reference, any_batch)
            why = reference.compare(_answering(program), any_batch).excess
        except Exception as error:  # torch.export raises all kinds
            why = one_line(error)
        if not why:
            return program, any_batch
    raise UserError(
        f"torch.export cannot export this network: {why}", "Leave this format out: the ONNX file has the same network."
    )


def _exported(network: Network, reference: TorchReference, any_batch: bool) -> bytes:
    buffer = io.BytesIO()
    with quiet(), without_modes():
        module = reference.outputs.module(replace(network, model=copied(network.model)))
        pictures = torch.zeros((2 if any_batch else 1, *reference.picture_shape), dtype=torch.uint8)
        sizes = {INPUT: {0: torch.export.Dim("batch", min=1)}} if any_batch else None
        program = torch.export.export(module, (pictures,), dynamic_shapes=sizes)
        torch.export.save(program, buffer)
    return buffer.getvalue()


def _answering(program: bytes) -> Answering:
    with quiet(), without_modes():
        module = torch.export.load(io.BytesIO(program)).module()

    def answers(pictures: Pictures) -> list[Floats]:
        with without_modes():
            return [value.numpy() for value in module(torch.from_numpy(pictures))]

    return answers
