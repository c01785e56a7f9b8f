"""ONNX Runtime on the CPU: https://onnxruntime.ai."""

from __future__ import annotations

import numpy as np
from typing_extensions import override

from sketchfit.models.backend import Backend, Floats, Pictures
from sketchfit.models.backends import backends
from sketchfit.models.conversion.converted import ConvertedKind


@backends.register("onnxruntime")
class OnnxRuntime(ConvertedKind):
    """ONNX Runtime on the CPU, in fp32."""

    packages = ("onnxruntime", "onnx")
    auto = 1

    @staticmethod
    @override
    def load(graph: bytes, threads: int) -> Backend:
        import onnxruntime

        from sketchfit.models.conversion.onnx_graph import INPUT, OUTPUT

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

        def probabilities(pictures: Pictures) -> Floats:
            return np.asarray(session.run([OUTPUT], {INPUT: pictures})[0], dtype=np.float32)

        return probabilities
