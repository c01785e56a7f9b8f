"""torch without compilation or conversion, as in training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from sketchfit.models.backend import Backend, BackendKind, Floats, Pictures
from sketchfit.models.backends import backends

if TYPE_CHECKING:
    from torch import nn

    from sketchfit.models.compute import Compute
    from sketchfit.models.network import Network


@backends.register("eager")
class Eager(BackendKind):
    """torch as in training."""

    @classmethod
    @override
    def build(cls, network: Network, pictures: Pictures, compute: Compute) -> Backend:
        return eager(network, compute)

    @classmethod
    @override
    def tolerance(cls, compute: Compute) -> float | None:
        return None


def eager(network: Network, compute: Compute, model: nn.Module | None = None) -> Backend:
    """Return the backend that calls the network in torch.

    Args:
        model: called instead of the network's own model; it has the same weights.
    """
    import torch

    from sketchfit.models.network import to_input

    called = network.model if model is None else model

    def probabilities(pictures: Pictures) -> Floats:
        images = to_input(torch.from_numpy(pictures), network.normalisation, compute.device, compute.channels_last)
        found: Floats = called(images).float().softmax(dim=1).cpu().numpy()
        return found

    return probabilities
