"""Layouts: outputs whose places are known are read in the right way, and outputs without places not at all."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from sketchfit.reporting.heat.layouts import MapLayout, find_layout, layouts, own_quarter, quarters


def maps(side: int = 8, channels: int = 3) -> Tensor:
    """The pictures of `quarters`, reduced to so many places per side."""
    image = torch.zeros(1, channels, 4 * side, 4 * side)
    return nn.functional.avg_pool2d(quarters(image), 4)


def tokens(prefix: int = 0) -> Tensor:
    places = maps().flatten(2).transpose(1, 2)
    return torch.cat([places.new_ones(5, prefix, 3), places], dim=1)


@pytest.mark.parametrize("side", [8, 9])
def test_each_copy_differs_in_one_quarter(side: int) -> None:
    changed = (quarters(torch.zeros(1, 3, side, side)) != 0).all(dim=1)
    half = side // 2
    assert not changed[0].any()
    for number, (rows, columns) in enumerate(
        [(slice(half), slice(half)), (slice(half), slice(-half, None)), (slice(-half, None), slice(half))]
    ):
        assert changed[number + 1, rows, columns].all()
        assert changed[number + 1].sum() == half**2


def test_share_of_the_own_quarter_by_hand() -> None:
    change = torch.zeros(5, 1, 4, 4)
    change[1, 0, :2, :2] = 1  # only in its own
    change[2, 0] = 1  # the same everywhere
    change[3, 0, :2, :2] = 1  # only in another one
    assert own_quarter(change) == pytest.approx((1 + 0.25 + 0 + 0) / 4)


@pytest.mark.parametrize("side", [4, 7, 8])
def test_maps_are_found_with_channels_first_and_last(side: int) -> None:
    assert find_layout(maps(side)) == MapLayout()
    assert find_layout(maps(side).permute(0, 2, 3, 1)) == MapLayout(last=True)


def test_a_cube_is_read_by_where_it_changes() -> None:
    cube = maps(8, channels=8)
    assert find_layout(cube) == MapLayout()
    assert find_layout(cube.permute(0, 2, 3, 1)) == MapLayout(last=True)


@pytest.mark.parametrize("prefix", [0, 1, 5])
def test_tokens_are_found_after_their_prefix(prefix: int) -> None:
    layout = find_layout(tokens(prefix))
    assert layout == MapLayout(tokens=True, prefix=prefix)
    assert torch.equal(layout.maps(tokens(prefix)), maps())


def test_tokens_in_another_order_are_not_read() -> None:
    order = torch.randperm(64, generator=torch.Generator().manual_seed(1))
    assert find_layout(tokens()[:, order]) is None


@pytest.mark.parametrize("shape", [(5, 3, 3, 3), (5, 8), (5, 15, 3), (5, 3, 8, 6), (5, 2, 3, 4, 4)])
def test_outputs_without_a_square_of_places_are_not_read(shape: tuple[int, ...]) -> None:
    assert find_layout(torch.rand(shape)) is None


def test_an_output_that_does_not_depend_on_the_image_is_not_read() -> None:
    assert find_layout(torch.ones(5, 3, 8, 8)) is None


def test_layers_are_in_the_order_of_their_calls() -> None:
    class Backwards(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.second, self.first, self.pooled = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1), nn.AdaptiveAvgPool2d(1)

        def forward(self, images: Tensor) -> Tensor:
            return self.pooled(self.second(self.first(images))).flatten(1)

    model = Backwards()
    found = layouts(model, list(model.children()), quarters(torch.zeros(1, 3, 8, 8)))
    assert list(found) == [model.first, model.second]
    assert not model.first._forward_hooks
