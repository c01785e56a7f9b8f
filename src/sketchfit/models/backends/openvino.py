"""OpenVINO on the CPU: https://docs.openvino.ai."""

from __future__ import annotations

import numpy as np
from typing_extensions import override

from sketchfit.models.backend import Backend, Floats, Pictures
from sketchfit.models.backends import backends
from sketchfit.models.conversion.converted import ConvertedKind


@backends.register("openvino")
class OpenVino(ConvertedKind):
    """OpenVINO on the CPU, in fp32."""

    packages = ("openvino", "onnx")
    auto = 2

    @staticmethod
    @override
    def load(graph: bytes, threads: int) -> Backend:
        import openvino

        core = openvino.Core()
        settings = {
            "INFERENCE_PRECISION_HINT": "f32",  # the default is bf16 where the CPU has it
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "ENABLE_CPU_PINNING": False,  # processes that share a machine would all be pinned to its first cores
        }
        model = core.compile_model(core.read_model(graph), "CPU", settings)

        def probabilities(pictures: Pictures) -> Floats:
            return np.array(model(pictures)[0], dtype=np.float32)  # a copy: the runtime uses its buffer again

        return probabilities
