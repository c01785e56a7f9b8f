from __future__ import annotations

import pytest
import torch
from torch import nn

from sketchfit.models.finite import not_finite


class Masked(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(2, 2)
        self.register_buffer("mask", torch.tensor([0.0, float("-inf")]))
        self.register_buffer("count", torch.tensor(3))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_weight_that_is_no_number_is_named(value: float) -> None:
    model = Masked()
    assert not_finite(model) is None
    with torch.no_grad():
        model.head.bias[1] = value
    assert not_finite(model) == "head.bias"


def test_a_buffer_may_be_infinite_but_not_nan() -> None:
    model = Masked()
    model.mask[0] = float("nan")
    assert not_finite(model) == "mask"
    assert not_finite(nn.Flatten()) is None


@pytest.mark.parametrize("name", ["running_mean", "running_var"])
def test_an_infinite_statistic_of_batch_norm_is_named(name: str) -> None:
    model = nn.Sequential(nn.BatchNorm1d(3))
    getattr(model[0], name)[1] = float("inf")
    assert not_finite(model) == f"0.{name}"
