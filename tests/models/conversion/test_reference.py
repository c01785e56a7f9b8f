"""Answers are compared with torch's picture by picture, probabilities and features each on their own scale."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from sketchfit.models.conversion.modules import GraphOutputs
from sketchfit.models.conversion.reference import TorchReference
from sketchfit.models.network import Network, Normalisation
from tests.contracts.backend import make_network

PICTURES = np.arange(3, dtype=np.uint8)[:, None, None, None]
PROBABILITIES = np.array([[0.5, 0.5], [0.25, 0.75], [1, 0]], np.float32)
FEATURES = np.array([[0, 10], [20, -40], [5, 5]], np.float32)
REFERENCE = TorchReference(GraphOutputs(features=True), PICTURES, (PROBABILITIES, FEATURES), most=1e-4)


def shifted(probability: float = 0.0, feature: float = 0.0, last_only: bool = False) -> Callable[..., list[np.ndarray]]:
    def answers(pictures: np.ndarray) -> list[np.ndarray]:
        places = pictures.reshape(-1)
        moved = np.where(places == 2, 1, 0 if last_only else 1)[:, None]
        return [PROBABILITIES[places] + moved * probability, FEATURES[places] + moved * feature]

    return answers


def test_the_same_answers_have_no_gap() -> None:
    found = REFERENCE.compare(shifted(), any_batch=True)
    assert (found.probabilities, found.features, found.excess) == (0, 0, "")


@pytest.mark.parametrize(("shift", "refused"), [(5e-5, False), (-2e-4, True), (float("nan"), True)])
def test_probabilities(shift: float, refused: bool) -> None:
    found = REFERENCE.compare(shifted(probability=shift), any_batch=True)
    assert ("probabilities" in found.excess) is refused


@pytest.mark.parametrize(("shift", "refused"), [(0.03, False), (0.05, True)])
def test_features_on_the_scale_of_the_largest_one(shift: float, refused: bool) -> None:
    found = REFERENCE.compare(shifted(feature=shift), any_batch=True)
    assert found.features == pytest.approx(shift / 40, rel=1e-4)
    assert ("features" in found.excess) is refused


@pytest.mark.parametrize("any_batch", [True, False])
def test_later_pictures_count_only_where_any_number_is_taken(any_batch: bool) -> None:
    found = REFERENCE.compare(shifted(probability=0.1, last_only=True), any_batch)
    assert bool(found.excess) is any_batch


def test_another_shape_is_refused() -> None:
    assert REFERENCE.compare(lambda _: [PROBABILITIES, FEATURES], any_batch=False).excess


def test_without_features_the_probabilities_alone_are_compared() -> None:
    alone = REFERENCE.without_features()
    assert (alone.width, REFERENCE.width) == (0, 2)
    assert not alone.compare(lambda pictures: shifted()(pictures)[:1], any_batch=True).excess


@pytest.mark.parametrize(("temperature", "most"), [(4.0, 1e-4), (0.5, 2e-4), (0.01, 1e-3)])
def test_a_small_temperature_enlarges_rounding(temperature: float, most: float) -> None:
    found = TorchReference.of(make_network("test_resnet"), 33, 1, GraphOutputs(temperature))
    assert found.most == pytest.approx(most)
    assert found.expected[0].sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert len(np.unique(found.pictures[0])) <= 16


class DependsOnFormat(nn.Module):
    """Its answers change with the memory format by a number of logits, as an unstable network's do by rounding."""

    num_classes = 2

    def __init__(self, change: float) -> None:
        super().__init__()
        self.change = change

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        contiguous = images.is_contiguous() or images.shape[0] == 1
        return images.mean((2, 3))[:, :2] * 0 + torch.tensor([0.0, 0.0 if contiguous else self.change])


@pytest.mark.parametrize(("change", "most"), [(0.0, 1e-4), (1e-3, 5e-4), (1.0, 1e-3)])
def test_where_torch_itself_is_not_sure_more_is_allowed(change: float, most: float) -> None:
    """The probability of a class changes by a quarter of a small change of its logit."""
    network = Network(DependsOnFormat(change), Normalisation((0.5,) * 3, (0.5,) * 3))
    found = TorchReference.of(network, 8, 1, GraphOutputs())
    assert found.most == pytest.approx(most, rel=1e-2)
    excess = found.compare(lambda given: [np.full((len(given), 2), 0.9, np.float32)], any_batch=True).excess
    assert ("themselves" in excess) is (change > 0)
