"""The loss of a quantised network is measured on the same rows, and refused above a limit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from sketchfit.errors import UserError
from sketchfit.inference.int8_loss import LabelledPictures, measure_int8
from sketchfit.models.conversion.modules import GraphOutputs
from sketchfit.models.conversion.onnx_graph import to_onnx
from sketchfit.models.network import Network, Normalisation

pytest.importorskip("onnxruntime")


class BrighterThan(nn.Module):
    """Class 1 for pictures brighter than a level of 0 to 1, else class 0."""

    num_classes = 2

    def __init__(self, level: float) -> None:
        super().__init__()
        self.level = level

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        score = 100 * (images.mean((1, 2, 3)) - self.level)
        return torch.stack([-score, score], dim=1)


def graph(level: float) -> bytes:
    network = Network(BrighterThan(level), Normalisation((0.0,) * 3, (1.0,) * 3))
    return to_onnx(network, (2, 4, 4, 1), GraphOutputs(), any_batch=True)


def held_out(group: list[int] | None = None) -> LabelledPictures:
    levels = np.array([0, 100, 150, 255], np.uint8)
    pictures = np.ascontiguousarray(np.broadcast_to(levels[:, None, None, None], (4, 4, 4, 1)))
    return LabelledPictures(pictures, np.array([0, 0, 1, 1]), None if group is None else np.array(group))


def test_accuracies_and_their_difference_on_the_same_rows() -> None:
    found = measure_int8(graph(0.5), graph(0.3), held_out(), threads=1)  # the second one takes 100 for bright
    assert (found.fp32.value, found.int8.value, found.fp32.n) == (1.0, 0.75, 4)
    assert (found.difference.value, found.difference.n) == (-0.25, 4)
    assert found.equal == 0.75
    assert found.largest == pytest.approx(1.0, abs=1e-6)


def test_near_duplicates_widen_the_interval() -> None:
    alone = measure_int8(graph(0.5), graph(0.3), held_out(), threads=1)
    pairs = measure_int8(graph(0.5), graph(0.3), held_out([0, 0, 1, 1]), threads=1)
    assert pairs.int8.low < alone.int8.low


def test_one_picture_at_a_time_gives_the_same() -> None:
    together, alone = (
        measure_int8(graph(0.5), graph(0.3), held_out(), threads=1, any_batch=any_batch) for any_batch in (True, False)
    )
    assert together == alone


@pytest.mark.parametrize("most", [0.0, 0.2, 0.2499])
def test_a_loss_above_the_limit_is_refused(most: float) -> None:
    found = measure_int8(graph(0.5), graph(0.3), held_out(), threads=1)
    with pytest.raises(UserError, match="points of accuracy") as caught:
        found.check(most)
    assert caught.value.hint


def test_a_loss_up_to_the_limit_and_a_gain_are_not_refused() -> None:
    measure_int8(graph(0.5), graph(0.3), held_out(), threads=1).check(0.25)
    measure_int8(graph(0.3), graph(0.5), held_out(), threads=1).check(0.0)
