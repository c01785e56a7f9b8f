"""OpenVINO on the CPU: https://docs.openvino.ai."""

from __future__ import annotations

import numpy as np

from sketchfit.models.backends.answer import Answer, Floats, Pictures


def load(graph: bytes, threads: int) -> Answer:
    """An ONNX graph from pictures to probabilities, ready to answer with so many threads."""
    import openvino  # an extra, and only wanted here

    core = openvino.Core()
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",  # its own choice is bf16 where the CPU has it
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "ENABLE_CPU_PINNING": False,  # processes that share a machine would all be pinned to its first cores
    }
    model = core.compile_model(core.read_model(graph), "CPU", settings)

    def answer(pictures: Pictures) -> Floats:
        return np.array(model(pictures)[0], dtype=np.float32)  # a copy: the runtime uses its buffer again

    return answer
