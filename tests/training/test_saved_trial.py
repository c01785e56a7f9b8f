"""The file of weights is tried before a training: what is read predicts what was written."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.models.backbone import build_network
from sketchfit.models.network import Network
from sketchfit.training import saved_trial
from sketchfit.training.saved_trial import check_same, try_file
from tests.factories import tiny_recipe

RECIPE = load_recipe(tiny_recipe())


def network() -> Network:
    torch.manual_seed(0)
    return build_network(RECIPE.model, 3)


def test_a_network_that_can_be_stored_passes(tmp_path: Path) -> None:
    try_file(network(), RECIPE, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_values_that_are_not_stored_are_found(tmp_path: Path) -> None:
    """What is learnt outside parameters and buffers is lost in the file."""
    other = network()
    other.model.fc.register_forward_hook(lambda module, given, made: made + torch.tensor([9.0, 0.0, 0.0]))  # type: ignore[union-attr]
    with pytest.raises(UserError, match="probabilities"):
        try_file(other, RECIPE, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("change", [1e-7, float("nan")])
def test_any_changed_value_is_found(change: float) -> None:
    one, other = network(), network()
    check_same(one, other, 32)
    with torch.no_grad():
        other.model.fc.bias[1] += change  # type: ignore[union-attr, index, operator]
    with pytest.raises(UserError, match=r"fc\.bias"):
        check_same(one, other, 32)


def test_values_that_are_no_numbers_are_equal_to_themselves() -> None:
    one, other = network(), network()
    for each in (one, other):
        nn.init.constant_(each.model.fc.bias, float("nan"))  # type: ignore[union-attr, arg-type]
    check_same(one, other, 32)


@pytest.mark.parametrize("name", ["save_network", "load_network"])
def test_an_error_of_either_leaves_no_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("Some tensors share memory")

    monkeypatch.setattr(saved_trial, name, fail)
    with pytest.raises(UserError, match="the weights fails: RuntimeError"):
        try_file(network(), RECIPE, tmp_path)
    assert list(tmp_path.iterdir()) == []
