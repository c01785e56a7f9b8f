"""ONNX Runtime on the CPU: https://onnxruntime.ai."""

from __future__ import annotations

import numpy as np

from sketchfit.models.backends.answer import Answer, Floats, Pictures
from sketchfit.models.backends.graph import INPUT, OUTPUT


def load(graph: bytes, threads: int) -> Answer:
    """An ONNX graph from pictures to probabilities, ready to answer with so many threads."""
    import onnxruntime  # an extra, and only wanted here

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def answer(pictures: Pictures) -> Floats:
        return np.asarray(session.run([OUTPUT], {INPUT: pictures})[0], dtype=np.float32)

    return answer
