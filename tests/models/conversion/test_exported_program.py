"""Exported programs answer as torch does, or are not written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from sketchfit.errors import UserError
from sketchfit.models.conversion import exported_program
from sketchfit.models.conversion.exported_program import write_exported_program
from sketchfit.models.conversion.modules import GraphOutputs
from sketchfit.models.conversion.reference import TorchReference
from sketchfit.models.network import Network, Normalisation
from tests.contracts.backend import make_network, make_pictures


class OneByOne(nn.Module):
    """A program of one picture can be exported, one of any number cannot."""

    num_classes = 3

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.mean((2, 3)) * torch.tensor([1.0, 2.0, 3.0]) * (2 if images.shape[0] == 1 else 3)


def reference_of(network: Network, size: int) -> TorchReference:
    return TorchReference.of(network, size, 1, GraphOutputs(temperature=0.5, features=True))


def test_an_exported_program_needs_torch_alone(tmp_path: Path) -> None:
    network, path = make_network("test_resnet"), tmp_path / "model.pt2"
    before = {name: value.clone() for name, value in network.model.state_dict().items()}
    reference = reference_of(network, 33)
    assert write_exported_program(path, network, reference)
    module = torch.export.load(path).module()
    found = module(torch.from_numpy(reference.pictures))
    np.testing.assert_allclose(found[0].detach().numpy(), reference.expected[0], atol=1e-5)
    assert found[1].shape == (3, reference.width)
    assert module(torch.from_numpy(make_pictures(5, 33, 1)))[0].shape == (5, 7)
    assert all(torch.equal(value, before[name]) for name, value in network.model.state_dict().items())


def test_a_program_for_one_picture_at_a_time(tmp_path: Path) -> None:
    network = Network(OneByOne(), Normalisation((0.5,) * 3, (0.5,) * 3))
    reference = TorchReference.of(network, 8, 1, GraphOutputs())
    alone = GraphOutputs().module(network)(torch.from_numpy(reference.pictures[:1]))[0].numpy()
    single = replace(reference, expected=(np.repeat(alone, 3, axis=0),))
    assert not write_exported_program(tmp_path / "model.pt2", network, single)


def test_a_program_that_answers_otherwise_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = lambda _: lambda pictures: [np.full((len(pictures), 7), 0.9)]  # noqa: E731
    monkeypatch.setattr(exported_program, "_answering", wrong)
    network = make_network("test_resnet")
    with pytest.raises(UserError, match="its probabilities differ by"):
        write_exported_program(tmp_path / "model.pt2", network, TorchReference.of(network, 33, 1, GraphOutputs()))
    assert not list(tmp_path.iterdir())
