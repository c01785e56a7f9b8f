"""ONNX Runtime on the CPU: https://onnxruntime.ai."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from typing_extensions import override

from sketchfit.models.backend import Backend, BackendKind, Floats, Pictures
from sketchfit.models.backends import backends

if TYPE_CHECKING:
    from sketchfit.models.compute import Compute
    from sketchfit.models.network import Network


@backends.register("onnxruntime")
class OnnxRuntime(BackendKind):
    """ONNX Runtime on the CPU, in fp32."""

    packages = ("onnxruntime", "onnx")
    devices = ("cpu",)
    auto = 1

    @classmethod
    @override
    def build(cls, network: Network, pictures: Pictures, compute: Compute) -> Backend:
        import torch

        from sketchfit.models.conversion.fixed_batch import in_batches_of
        from sketchfit.models.conversion.onnx_graph import to_onnx

        return in_batches_of(len(pictures), load(to_onnx(network, pictures.shape), torch.get_num_threads()))


def load(graph: bytes, threads: int) -> Backend:
    """Return the backend of an ONNX graph from pictures to probabilities."""
    import onnxruntime

    from sketchfit.models.conversion.onnx_graph import INPUT, OUTPUT

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def probabilities(pictures: Pictures) -> Floats:
        return np.asarray(session.run([OUTPUT], {INPUT: pictures})[0], dtype=np.float32)

    return probabilities
