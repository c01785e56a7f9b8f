"""A converted network as a file for other programs, with metadata."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sketchfit.files import output
from sketchfit.models.conversion.checked_graph import CheckedGraph


def write_onnx(path: Path, checked: CheckedGraph, metadata: Mapping[str, str]) -> None:
    """Write one ONNX file, with the metadata as the model's properties."""
    import onnx  # an optional package

    model = onnx.load_model_from_string(checked.graph)
    onnx.helper.set_model_props(model, dict(metadata))
    with output(path) as temporary:
        temporary.write_bytes(model.SerializeToString())
