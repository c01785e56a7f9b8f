"""What backends of a converted network share: it becomes an ONNX graph, which a runtime loads on the CPU."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from typing_extensions import override

from sketchfit.models.backend import Backend, BackendKind, Floats, Pictures

ValuesBackend = Callable[[Floats], Floats]

if TYPE_CHECKING:
    from torch import nn

    from sketchfit.models.compute import Compute
    from sketchfit.models.network import Network


class ConvertedKind(BackendKind):
    """A backend that computes an ONNX graph on the CPU, in fp32. A subclass defines how the graph is loaded."""

    devices = ("cpu",)

    @staticmethod
    @abstractmethod
    def load(graph: bytes, threads: int) -> Backend:
        """Return the backend of an ONNX graph from pictures to values."""

    @classmethod
    @override
    def build(cls, network: Network, pictures: Pictures, compute: Compute) -> Backend:
        return cls.build_values(network, pictures, probabilities=True)

    @classmethod
    def build_module(cls, module: nn.Module, values: Floats) -> ValuesBackend:
        """Return what computes a module of values float32 [B, …]; `values` are the first batch."""
        import torch

        from sketchfit.models.conversion.fixed_batch import in_batches_of
        from sketchfit.models.conversion.onnx_graph import values_to_onnx

        loaded: Any = cls.load(values_to_onnx(module, values.shape), torch.get_num_threads())
        made: Any = in_batches_of(len(values), loaded)
        return cast(ValuesBackend, made)

    @classmethod
    def build_values(cls, network: Network, pictures: Pictures, *, probabilities: bool = False) -> Backend:
        """Return the backend from pictures to what a network returns, or to probabilities."""
        import torch

        from sketchfit.models.conversion.fixed_batch import in_batches_of
        from sketchfit.models.conversion.modules import GraphOutputs
        from sketchfit.models.conversion.onnx_graph import to_onnx

        graph = to_onnx(network, pictures.shape, GraphOutputs() if probabilities else None)
        return in_batches_of(len(pictures), cls.load(graph, torch.get_num_threads()))
