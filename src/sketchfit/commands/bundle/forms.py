"""Further forms of a bundle's network, all from prepared pictures: OpenVINO, 8-bit integers, `torch.export`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from sketchfit.activity import activity
from sketchfit.bundle.model import INT8
from sketchfit.commands.bundle.job import BundleJob
from sketchfit.commands.bundle.options import Also, BundleOptions
from sketchfit.commands.bundle.training_images import Rows
from sketchfit.errors import UserError
from sketchfit.inference.int8_loss import LabelledPictures, measure_int8
from sketchfit.models.backend import Pictures
from sketchfit.models.conversion.exported_program import write_exported_program
from sketchfit.models.conversion.int8 import int8_graph
from sketchfit.models.conversion.onnx_file import write_onnx
from sketchfit.models.conversion.openvino_file import write_openvino
from sketchfit.processors import cores

OPENVINO, PROGRAM = "model.xml", "model.pt2"
CALIBRATED, COMPARED = 200, 1000
"""Training drawings that show int8 the range of values, and others on which its loss is measured."""


@activity("writing further forms")
def write_forms(job: BundleJob, options: BundleOptions, metadata: Mapping[str, str]) -> dict[str, str]:
    """Write the further forms that are wanted.

    Returns:
        Name of each file, and what it is.

    Raises:
        UserError: the network cannot be converted, or int8 loses too much accuracy.
    """
    makers: dict[Also, Callable[[], dict[str, str]]] = {
        "openvino": lambda: _openvino(job, metadata),
        "int8": lambda: _int8(job, options.int8_loss, metadata),
        "torch": lambda: _program(job),
    }
    return {name: what for form in options.also for name, what in makers[form]().items()}


def _openvino(job: BundleJob, metadata: Mapping[str, str]) -> dict[str, str]:
    write_openvino(job.folder / OPENVINO, job.checked, metadata)
    return {OPENVINO: "OpenVINO: prepared pictures to probabilities", "model.bin": f"weights of {OPENVINO}"}


def _program(job: BundleJob) -> dict[str, str]:
    any_batch = write_exported_program(job.folder / PROGRAM, job.network, job.checked.reference)
    return {PROGRAM: f"torch.export: {'prepared pictures' if any_batch else 'one prepared picture'} to probabilities"}


def _int8(job: BundleJob, most: float, metadata: Mapping[str, str]) -> dict[str, str]:
    """Quantise on drawings that the network has learnt from, and measure the loss on others."""
    calibrated, compared = _split(job)
    _, shown = _pictures(job, calibrated)
    row, pictures = _pictures(job, compared)
    graph = int8_graph(job.checked.graph, shown, any_batch=job.checked.any_batch)
    known = job.drawings
    held_out = LabelledPictures(pictures, known.label[row], None if known.group is None else known.group[row])
    loss = measure_int8(job.checked.graph, graph, held_out, cores(), any_batch=job.checked.any_batch)
    loss.check(most)
    write_onnx(job.folder / INT8, replace(job.checked, graph=graph), metadata)
    rows = "it learnt from these drawings" if job.chosen.learnt_all else "on held-out drawings"
    return {INT8: f"ONNX in 8-bit integers: prepared pictures to probabilities; accuracy {loss.difference}, {rows}"}


def _split(job: BundleJob) -> tuple[Rows, Rows]:
    """Return the rows of the calibration, and those that are compared: held out where there are such rows."""
    drawings, own = job.drawings, job.chosen.held_out
    if own is None or job.chosen.learnt_all:
        calibrated = drawings.sample(min(CALIBRATED, len(drawings) // 2))
        return calibrated, drawings.sample(COMPARED, np.setdiff1d(drawings.rows, calibrated))
    learnt = np.setdiff1d(drawings.rows, own.rows.row)
    return drawings.sample(CALIBRATED, learnt), drawings.sample(COMPARED, own.rows.row)


def _pictures(job: BundleJob, rows: Rows) -> tuple[Rows, Pictures]:
    """Return those of the rows whose drawings can be read, and their prepared pictures."""
    found = [(row, job.prepare(image)) for row, image in job.drawings.images(rows)]
    if not found:
        raise UserError("int8 needs the training drawings, and they are not there", "Leave int8 out.")
    readable, pictures = zip(*found, strict=True)
    return np.array(readable), np.stack(pictures)
