"""A network that cannot be converted is one error, without the text of its graph."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from sketchfit.errors import UserError
from sketchfit.models.conversion.export import checked_graph
from sketchfit.models.network import Network, Normalisation


class Unknown(nn.Module):
    """Has an operator that ONNX does not have."""

    num_classes = 3

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.special.bessel_j0(images).mean((2, 3))


def test_a_network_that_cannot_be_converted_is_one_sentence(capfd: pytest.CaptureFixture[str]) -> None:
    network = Network(Unknown(), Normalisation((0.5,) * 3, (0.5,) * 3))
    with pytest.raises(UserError, match="cannot be exported") as caught:
        checked_graph(network, 8, 1)
    assert len("".join(caught.value.problems).splitlines()) == 1
    assert caught.value.hint
    assert capfd.readouterr() == ("", "")
