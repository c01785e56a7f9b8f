from __future__ import annotations

import pytest
import torch
from torch import nn

from sketchfit.candidates.cost import count_cost
from sketchfit.config.model import ModelSection
from sketchfit.errors import UserError
from sketchfit.models.backbone import build_network


def test_parameters_and_multiplications_are_those_of_the_layers():
    model = build_network(ModelSection(backbone="test_resnet", pretrained=False), 1000).model.eval()
    counted = 0

    def count(module: nn.Module, _: object, output: torch.Tensor) -> None:
        nonlocal counted
        weight = module.weight
        assert isinstance(weight, torch.Tensor)
        counted += output.numel() * weight[0].numel()  # of a convolution per place, of a linear layer per output

    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(count)
    with torch.no_grad():
        model(torch.zeros(1, 3, 64, 64))
    params, gmacs = count_cost("test_resnet", 64)
    assert params == pytest.approx(sum(one.numel() for one in model.parameters()) / 1e6)
    assert gmacs == pytest.approx(counted / 1e9)


def test_a_name_that_does_not_exist():
    with pytest.raises(UserError, match="resnet18"):
        count_cost("resnet18x", 64)
