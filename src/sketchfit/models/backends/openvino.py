"""OpenVINO on the CPU: https://docs.openvino.ai."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from typing_extensions import override

from sketchfit.models.backend import Backend, BackendKind, Floats, Pictures
from sketchfit.models.backends import backends

if TYPE_CHECKING:
    from sketchfit.models.compute import Compute
    from sketchfit.models.network import Network


@backends.register("openvino")
class OpenVino(BackendKind):
    """OpenVINO on the CPU, in fp32."""

    packages = ("openvino", "onnx")
    devices = ("cpu",)
    auto = 2

    @classmethod
    @override
    def build(cls, network: Network, pictures: Pictures, compute: Compute) -> Backend:
        import torch

        from sketchfit.models.conversion.fixed_batch import in_batches_of
        from sketchfit.models.conversion.onnx_graph import to_onnx

        return in_batches_of(len(pictures), load(to_onnx(network, pictures.shape), torch.get_num_threads()))


def load(graph: bytes, threads: int) -> Backend:
    """Return the backend of an ONNX graph from pictures to probabilities."""
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
