"""Opens an ONNX graph in ONNX Runtime on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np

from sketchfit.models.backend import Floats, Pictures


def onnx_session(graph: bytes, threads: int) -> Any:
    """Return the `onnxruntime.InferenceSession` of a graph."""
    import onnxruntime  # an optional package

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 4  # errors are raised, and are not printed as well
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def run_batches(session: Any, output: str, pictures: Pictures, batch: int) -> Floats:
    """Return one output of a graph with one input, for any number of pictures from one on.

    Args:
        session: of the graph.
        output: name of the output.
        pictures: uint8 [N, size, size, C].
        batch: pictures that the graph gets at once.
    """
    name, starts = session.get_inputs()[0].name, range(0, len(pictures), batch)
    return np.concatenate([session.run([output], {name: pictures[start : start + batch]})[0] for start in starts])
