"""Folding a batch norm changes nothing but the rounding, and only where it is certain."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from sketchfit._timm import timm
from sketchfit.models.conversion.fold_batch_norms import fold_batch_norms


def shaken(model: nn.Module) -> nn.Module:
    """Statistics and weights of batch norms that are not 0 and 1; in evaluation mode and float64."""
    torch.manual_seed(0)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.3, 3)
            nn.init.normal_(module.weight, 1, 0.3)
            nn.init.normal_(module.bias)
    return model.eval().double()


@pytest.mark.parametrize(
    ("name", "folded"), [("mobilenetv2_100", 52), ("tf_mobilenetv3_small_minimal_100", 34), ("resnet18", 20)]
)
def test_every_batch_norm_of_known_networks_is_folded(name: str, folded: int) -> None:
    model = shaken(timm.create_model(name, num_classes=5))
    assert sum(isinstance(module, nn.BatchNorm2d) for module in model.modules()) == folded
    plain, images = copy.deepcopy(model), torch.randn(2, 3, 48, 48, dtype=torch.float64)
    assert fold_batch_norms(model, images[:1]) == folded
    with torch.no_grad():
        torch.testing.assert_close(model(images), plain(images), rtol=1e-9, atol=1e-9)


def test_convolutions_with_a_bias() -> None:
    model = shaken(nn.Sequential(nn.Conv2d(3, 4, 3, bias=True), nn.BatchNorm2d(4)))
    plain, images = copy.deepcopy(model), torch.randn(2, 3, 8, 8, dtype=torch.float64)
    assert fold_batch_norms(model, images) == 1
    with torch.no_grad():
        torch.testing.assert_close(model(images), plain(images))
        torch.testing.assert_close(model[0](images), plain(images))  # the batch norm hands on what it gets


class Twice(nn.Module):
    """One convolution before one batch norm, called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.norm(self.conv(self.norm(self.conv(images))))


class TwoReaders(nn.Module):
    """A batch norm and a shortcut read the output of one convolution, as in CoAtNet's first block."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        found = self.conv(images)
        return found[:, :, 1:] + self.norm(found)[:, :, 1:]


class Returned(TwoReaders):
    """The output of the convolution is returned, and a batch norm reads it."""

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        found = self.conv(images)
        return self.norm(found), found


class ReadInPlace(TwoReaders):
    """The output of the convolution is changed in place before a batch norm reads it."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.norm(self.conv(images).clamp_(min=0))


@pytest.mark.parametrize(
    "model",
    [
        Twice(),
        TwoReaders(),
        Returned(),
        ReadInPlace(),
        nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(inplace=True), nn.BatchNorm2d(4)),
        nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.BatchNorm2d(4)),
        nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 1)),
        nn.Sequential(timm.layers.ScaledStdConv2d(3, 4, 3), nn.BatchNorm2d(4)),
        nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4, track_running_stats=False)),
    ],
    ids=[
        "called twice",
        "shortcut",
        "returned",
        "in place",
        "activation in place",
        "activation between",
        "before",
        "standardised weights",
        "statistics of the batch",
    ],
)
def test_what_is_not_certain_is_left(model: nn.Module) -> None:
    model = (
        shaken(model) if all(m.track_running_stats for m in model.modules() if isinstance(m, nn.BatchNorm2d)) else model
    )
    before = copy.deepcopy(model.state_dict())
    assert fold_batch_norms(model.eval().double(), torch.randn(2, 3, 8, 8, dtype=torch.float64)) == 0
    assert all(torch.equal(value.double(), before[name].double()) for name, value in model.state_dict().items())


def test_pairs_with_one_reader_are_folded_next_to_one_with_two() -> None:
    model = shaken(timm.create_model("test_coatnet", num_classes=5, img_size=64))
    plain, images = copy.deepcopy(model), torch.randn(2, 3, 64, 64, dtype=torch.float64)
    count = sum(isinstance(module, nn.BatchNorm2d) for module in model.modules())
    assert 0 < fold_batch_norms(model, images[:1]) < count
    with torch.no_grad():
        torch.testing.assert_close(model(images), plain(images), rtol=1e-9, atol=1e-9)
