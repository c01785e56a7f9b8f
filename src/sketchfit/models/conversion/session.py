"""Opens an ONNX graph in ONNX Runtime on the CPU."""

from __future__ import annotations

from typing import Any


def onnx_session(graph: bytes, threads: int) -> Any:
    """Return the `onnxruntime.InferenceSession` of a graph."""
    import onnxruntime  # an optional package

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 4  # errors are raised, and are not printed as well
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
