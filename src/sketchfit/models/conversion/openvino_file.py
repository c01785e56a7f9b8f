"""A converted network as the two files of OpenVINO, with metadata, compared with torch before they are written."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sketchfit._openvino import import_openvino, openvino_core
from sketchfit.errors import UserError
from sketchfit.files import output
from sketchfit.models.backend import Floats, Pictures
from sketchfit.models.conversion.checked_graph import CheckedGraph
from sketchfit.models.conversion.compile_openvino import compile_openvino
from sketchfit.models.faults import one_line

RT_INFO = "sketchfit"
"""Place of the metadata in OpenVINO's file: `<rt_info><sketchfit>`."""


def write_openvino(path: Path, checked: CheckedGraph, metadata: Mapping[str, str]) -> None:
    """Write `path` (.xml) and its weights next to it (.bin), in float32; the .xml is written last.

    Raises:
        UserError: OpenVINO cannot read the graph, or answers otherwise than torch.
    """
    with (
        output(path) as graph_file,
        output(path.with_suffix(".bin")) as weights_file,
        tempfile.TemporaryDirectory(prefix=f".{path.stem}.", dir=graph_file.parent) as folder,
    ):
        written = Path(folder) / path.name
        try:
            _save(written, checked.graph, metadata)
            why = checked.excess_of(_answering(written, checked.reference.outputs.names))
        except RuntimeError as error:  # OpenVINO's, of an operator that it does not have
            why = one_line(error)
        if why:
            raise UserError(
                f"this network cannot be exported for OpenVINO: {why}", "Export it as ONNX, for ONNX Runtime."
            )
        for file, temporary in ((written, graph_file), (written.with_suffix(".bin"), weights_file)):
            shutil.move(file, temporary)  # links may lead the two files to different disks


def _save(path: Path, graph: bytes, metadata: Mapping[str, str]) -> None:
    model = openvino_core().read_model(graph)
    for key, value in metadata.items():
        model.set_rt_info(value, [RT_INFO, key])
    import_openvino().save_model(model, path, compress_to_fp16=False)


def _answering(path: Path, names: Sequence[str]) -> Any:
    compiled = compile_openvino(path, torch.get_num_threads())

    def answers(pictures: Pictures) -> list[Floats]:
        found = compiled(pictures)
        return [np.array(found[name], dtype=np.float32) for name in names]

    return answers
