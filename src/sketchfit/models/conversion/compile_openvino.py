"""Opens a graph in OpenVINO on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sketchfit._openvino import openvino_core


def compile_openvino(graph: bytes | Path, threads: int) -> Any:
    """Return the `openvino.CompiledModel` of an ONNX graph or of OpenVINO's own file, in fp32."""
    core = openvino_core()
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",  # the default is bf16 where the CPU has it
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "ENABLE_CPU_PINNING": False,  # processes that share a machine would all be pinned to its first cores
    }
    return core.compile_model(core.read_model(graph), "CPU", settings)
