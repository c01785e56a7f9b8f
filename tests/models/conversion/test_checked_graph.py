"""Exported graphs answer as torch does, or a network that cannot be converted is one error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from sketchfit.errors import UserError
from sketchfit.models.conversion import checked_graph as module
from sketchfit.models.conversion import onnx_graph
from sketchfit.models.conversion.checked_graph import CheckedGraph, checked_graph
from sketchfit.models.conversion.session import onnx_session
from sketchfit.models.features import logits_and_features
from sketchfit.models.network import Network, Normalisation, to_input
from tests.contracts.backend import CPU, SIZES, make_network, make_pictures

pytest.importorskip("onnxruntime")
HALF = Normalisation((0.5,) * 3, (0.5,) * 3)


class Unknown(nn.Module):
    """Has an operator that ONNX does not have."""

    num_classes = 3

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.special.bessel_j0(images).mean((2, 3))


class OneByOne(nn.Module):
    """The number of pictures becomes a constant of the graph."""

    num_classes = 3

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.mean((2, 3)).reshape(int(images.shape[0]), 3)


class WithoutNumbers(nn.Module):
    """Nothing that it returns is a number."""

    num_classes = 3

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.mean((2, 3)) * float("nan")


def answers(graph: CheckedGraph, pictures: np.ndarray) -> list[np.ndarray]:
    return onnx_session(graph.graph, 1).run(None, {"images": pictures})


def expected(network: Network, pictures: np.ndarray, temperature: float = 1.0) -> list[np.ndarray]:
    with torch.inference_mode():
        images = to_input(torch.from_numpy(pictures), network.normalisation, CPU.device, channels_last=False)
        logits, features = logits_and_features(network.model, images)
        return [(logits / temperature).softmax(1).numpy(), features.numpy()]


def test_a_network_that_cannot_be_converted_is_one_sentence(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError, match="cannot be exported") as caught:
        checked_graph(Network(Unknown(), HALF), 8, 1, features=True)
    assert len("".join(caught.value.problems).splitlines()) == 1
    assert caught.value.hint
    assert capfd.readouterr() == ("", "")


def test_a_network_of_no_numbers_is_refused() -> None:
    with pytest.raises(UserError, match="differ by inf"):
        checked_graph(Network(WithoutNumbers(), HALF), 8, 1)


def test_a_graph_with_the_number_of_pictures_in_it_takes_one() -> None:
    found = checked_graph(Network(OneByOne(), HALF), 8, 1)
    assert not found.any_batch
    assert onnx_session(found.graph, 1).get_inputs()[0].shape == [1, 8, 8, 1]


@pytest.mark.parametrize("backbone", SIZES)
def test_probabilities_at_a_temperature_and_features_for_any_number_of_pictures(backbone: str) -> None:
    network, size = make_network(backbone), SIZES[backbone]
    found = checked_graph(network, size, 1, temperature=0.5, features=True)
    assert found.any_batch
    for count in (1, 4):
        pictures = make_pictures(count, size, 1)
        got, wanted = answers(found, pictures), expected(network, pictures, 0.5)
        assert got[1].shape == (count, found.features)
        np.testing.assert_allclose(got[0], wanted[0], atol=2e-5)
        np.testing.assert_allclose(got[1], wanted[1], atol=1e-3 * np.abs(wanted[1]).max())


def test_a_convolution_with_two_readers_is_folded_into_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    """CoAtNet with batch norms that are not the identity."""
    monkeypatch.setitem(SIZES, "test_coatnet", 64)
    network, pictures = make_network("test_coatnet"), make_pictures(2, 64, 1)
    found = checked_graph(network, 64, 1)
    assert (found.any_batch, found.folded) == (True, True)
    np.testing.assert_allclose(answers(found, pictures)[0], expected(network, pictures)[0], atol=1e-5)


def test_without_features_there_is_one_output() -> None:
    found = checked_graph(make_network("test_resnet", 3), 33, 3)
    assert found.features == 0
    assert [output.name for output in onnx_session(found.graph, 1).get_outputs()] == ["probabilities"]


def test_a_network_without_features_has_one_output() -> None:
    found = checked_graph(Network(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), HALF), 8, 3, features=True)
    assert found.features == 0


def folded_wrongly(model: nn.Module, _: torch.Tensor) -> int:
    norms = [one for one in model.modules() if isinstance(one, nn.BatchNorm2d)]
    with torch.no_grad():
        for one in norms:
            one.weight.mul_(1.5)
    return len(norms)


def test_folding_that_changes_the_values_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_graph, "fold_batch_norms", folded_wrongly)
    network, pictures = make_network("test_resnet"), make_pictures(2, 33, 1)
    found = checked_graph(network, 33, 1)
    np.testing.assert_allclose(answers(found, pictures)[0], expected(network, pictures)[0], atol=1e-5)


def test_a_folded_graph_that_differs_is_made_again_without_folding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_graph, "FOLDED", float("inf"))
    monkeypatch.setattr(onnx_graph, "fold_batch_norms", folded_wrongly)
    network, pictures = make_network("test_resnet"), make_pictures(2, 33, 1)
    found = checked_graph(network, 33, 1)
    assert (found.any_batch, found.folded) == (True, False)
    np.testing.assert_allclose(answers(found, pictures)[0], expected(network, pictures)[0], atol=1e-5)


def test_features_that_differ_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = module._answering

    def shifted(graph: bytes, reference: Any) -> Any:
        answering = plain(graph, reference)
        return lambda pictures: [value + place for place, value in enumerate(answering(pictures))]

    monkeypatch.setattr(module, "_answering", shifted)
    found = checked_graph(make_network("test_resnet"), 33, 1, features=True)
    assert found.features == 0
    assert len(answers(found, make_pictures(1, 33, 1))) == 1


def test_probabilities_that_differ_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_answering", lambda *_: lambda pictures: [np.full((len(pictures), 7), 0.9)])
    with pytest.raises(UserError, match="its probabilities differ by 0"):
        checked_graph(make_network("test_resnet"), 33, 1)
