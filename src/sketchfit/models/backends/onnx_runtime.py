"""ONNX Runtime on the CPU: https://onnxruntime.ai."""

from __future__ import annotations

import numpy as np
from typing_extensions import override

from sketchfit.models.backend import Backend, Floats, Pictures
from sketchfit.models.backends import backends
from sketchfit.models.conversion.converted import ConvertedKind
from sketchfit.models.conversion.session import onnx_session


@backends.register("onnxruntime")
class OnnxRuntime(ConvertedKind):
    """ONNX Runtime on the CPU, in fp32."""

    packages = ("onnxruntime", "onnx")
    auto = 1

    @staticmethod
    @override
    def load(graph: bytes, threads: int) -> Backend:
        from sketchfit.models.conversion.modules import INPUT, PROBABILITIES

        session = onnx_session(graph, threads)

        def probabilities(pictures: Pictures) -> Floats:
            return np.asarray(session.run([PROBABILITIES], {INPUT: pictures})[0], dtype=np.float32)

        return probabilities
