import copy

import numpy as np
import torch

from sketchfit.models.backend import Backend, BackendKind, Floats, Pictures
from sketchfit.models.compute import Compute
from sketchfit.models.network import Network, to_input


class Double(BackendKind):
    """torch in float64 on the CPU."""

    devices = ("cpu",)

    @classmethod
    def build(cls, network: Network, pictures: Pictures, compute: Compute) -> Backend:
        model = copy.deepcopy(network.model).double()

        def probabilities(pictures: Pictures) -> Floats:
            images = to_input(torch.from_numpy(pictures), network.normalisation, compute.device, compute.channels_last)
            return model(images.double()).softmax(dim=1).numpy().astype(np.float32)

        return probabilities
