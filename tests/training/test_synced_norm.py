"""Batch norm over processes: in one process it is torch's own."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest
import torch
import torch.distributed as dist
from torch import nn

from sketchfit.training.exchange import average, gathered_rows, running_statistics
from sketchfit.training.synced_norm import SyncedBatchNorm

pytestmark = pytest.mark.skipif(
    not (dist.is_available() and dist.is_gloo_available()), reason="torch comes without gloo"
)


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)  # type: ignore[attr-defined]
    yield
    dist.destroy_process_group()


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.LazyLinear(2)).double()


@pytest.mark.parametrize("affine", [True, False])
def test_it_is_torchs_batch_norm_forward_and_backward(affine: bool) -> None:
    inputs, plain = torch.randn(5, 3, 6, 6, dtype=torch.float64), network()
    plain(inputs)
    plain[1] = nn.BatchNorm2d(4, affine=affine).double()
    synced = copy.deepcopy(plain)
    expected = plain(inputs)
    expected.square().sum().backward()
    with SyncedBatchNorm():
        found = synced(inputs)
        found.square().sum().backward()
    torch.testing.assert_close(found, expected)
    for one, other in zip(synced.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad)
    for one, other in zip(synced.buffers(), plain.buffers(), strict=True):
        torch.testing.assert_close(one, other)


def test_layers_in_evaluation_mode_and_without_statistics_are_as_ever() -> None:
    inputs, layer = torch.randn(5, 3), nn.BatchNorm1d(3)
    layer(inputs)
    layer.eval()
    with SyncedBatchNorm():
        assert torch.equal(layer(inputs), layer(inputs))
        without = nn.BatchNorm1d(3, track_running_stats=False)(inputs)
    torch.testing.assert_close(without.mean(0), torch.zeros(3), atol=1e-6, rtol=0)
    torch.testing.assert_close(layer.running_mean, 0.1 * inputs.mean(0))


def test_the_type_of_the_input_stays() -> None:
    with SyncedBatchNorm():
        assert nn.BatchNorm1d(3)(torch.randn(5, 3, dtype=torch.bfloat16)).dtype == torch.bfloat16


def test_rows_that_do_not_count_have_no_gradient_of_their_own() -> None:
    inputs, layer = torch.randn(1, 3, requires_grad=True), nn.BatchNorm1d(3)
    with SyncedBatchNorm(counted=False):
        layer(inputs.expand(2, 3))  # no row counts here: statistics are undefined, and only their shape is
    assert layer.running_mean is not None
    assert layer.running_mean.shape == (3,)


def test_gathered_rows_are_those_of_each_process() -> None:
    rows = torch.arange(6.0, requires_grad=True).view(3, 2)
    (found,) = gathered_rows(rows, [3])
    assert torch.equal(found, rows.detach())
    assert not found.requires_grad


def test_only_statistics_of_layers_in_train_mode_are_averaged() -> None:
    model = nn.Sequential(nn.BatchNorm1d(2), nn.BatchNorm1d(3).eval(), nn.Linear(2, 2))
    found = running_statistics(model)
    assert [tuple(one.shape) for one in found] == [(2,), (2,)]
    average(found, 0.5)
    assert torch.equal(model.get_buffer("0.running_var"), torch.full((2,), 0.5))
    average(found, 0.0)
    assert torch.equal(model.get_buffer("0.running_var"), torch.zeros(2))
