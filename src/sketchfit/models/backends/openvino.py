"""OpenVINO on the CPU: https://docs.openvino.ai."""

from __future__ import annotations

import numpy as np
from typing_extensions import override

from sketchfit.models.backend import Backend, Floats, Pictures
from sketchfit.models.backends import backends
from sketchfit.models.conversion.compile_openvino import compile_openvino
from sketchfit.models.conversion.converted import ConvertedKind


@backends.register("openvino")
class OpenVino(ConvertedKind):
    """OpenVINO on the CPU, in fp32."""

    packages = ("openvino", "onnx")
    auto = 2

    @staticmethod
    @override
    def load(graph: bytes, threads: int) -> Backend:
        model = compile_openvino(graph, threads)

        def probabilities(pictures: Pictures) -> Floats:
            return np.array(model(pictures)[0], dtype=np.float32)  # a copy: the runtime uses its buffer again

        return probabilities
