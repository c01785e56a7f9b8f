"""SAM and ASAM on a quadratic, where every step can be worked out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from sketchfit.config.optimizer import OptimizerSection
from sketchfit.training.sam import SAM, build_sam, paused_statistics

A = np.array([[2.0, 0.5], [0.5, 1.0]])
START = np.array([1.0, -2.0])


def quadratic(shape=(2,)):
    weight = nn.Parameter(torch.tensor(START.reshape(shape)))
    matrix = torch.tensor(A)
    return weight, lambda: 0.5 * weight.flatten() @ matrix @ weight.flatten()


def test_sam_steps_with_the_gradient_at_the_top():
    weight, loss = quadratic()
    optimizer = torch.optim.SGD([weight], lr=0.1)
    sam = SAM(optimizer, rho=0.3)
    loss().backward()
    sam.ascend()
    slope = A @ START
    top = START + 0.3 * slope / np.linalg.norm(slope)
    np.testing.assert_allclose(weight.detach(), top)
    optimizer.zero_grad()
    loss().backward()
    sam.restore()
    assert (weight.detach().numpy() == START).all()  # exactly, not START + e - e
    optimizer.step()
    np.testing.assert_allclose(weight.detach(), START - 0.1 * A @ top)


def test_the_direction_is_taken_over_all_groups():
    one, two = nn.Parameter(torch.tensor([3.0])), nn.Parameter(torch.tensor([4.0]))
    idle = nn.Parameter(torch.tensor([7.0]))
    sam = SAM(torch.optim.SGD([{"params": [one, idle]}, {"params": [two]}], lr=1.0), rho=1.0)
    (1.5 * one + 2 * two).sum().backward()
    sam.ascend()
    assert (one.item(), two.item(), idle.item()) == pytest.approx((3.6, 4.8, 7.0))
    with pytest.raises(RuntimeError, match="restore"):
        sam.ascend()
    sam.restore()
    assert (one.item(), two.item()) == (3.0, 4.0)


def test_asam_measures_matrices_by_their_size():
    weight, loss = quadratic((1, 2))
    sam = SAM(torch.optim.SGD([weight], lr=0.1), rho=0.3, adaptive=True, eta=0.01)
    loss().backward()
    sam.ascend()
    size, slope = np.abs(START) + 0.01, A @ START
    expected = START + 0.3 * size**2 * slope / np.linalg.norm(size * slope)
    np.testing.assert_allclose(weight.detach().numpy().ravel(), expected)


def test_asam_of_a_vector_is_sam():
    tops = []
    for adaptive in (False, True):
        weight, loss = quadratic()
        sam = SAM(torch.optim.SGD([weight], lr=0.1), adaptive=adaptive)
        loss().backward()
        sam.ascend()
        tops.append(weight.detach())
    assert torch.equal(*tops)


def test_a_scaled_loss_climbs_to_the_same_place():
    tops = []
    for scale in (1.0, 1024.0):
        weight, loss = quadratic()
        sam = SAM(torch.optim.SGD([weight], lr=0.1))
        (loss() * scale).backward()
        sam.ascend()
        tops.append(weight.detach())
    torch.testing.assert_close(*tops)


def test_nothing_to_climb_is_no_trouble():
    weight = nn.Parameter(torch.ones(2))
    sam = SAM(torch.optim.SGD([weight], lr=1.0))
    sam.ascend()
    weight.grad = torch.zeros(2)
    sam.ascend()
    sam.restore()
    assert torch.equal(weight.detach(), torch.ones(2))


def test_recipe_chooses():
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0)
    assert build_sam(optimizer, OptimizerSection()) is None
    plain, adaptive = (build_sam(optimizer, OptimizerSection(sam=kind)) for kind in ("sam", "asam"))
    assert (plain.rho, plain.adaptive, adaptive.rho, adaptive.adaptive) == (0.05, False, 0.5, True)
    assert build_sam(optimizer, OptimizerSection(sam="sam", sam_rho=0.2)).rho == 0.2


def test_second_pass_leaves_running_statistics():
    model = nn.Sequential(nn.BatchNorm1d(3), nn.BatchNorm1d(3).eval())
    inputs = torch.randn(5, 3, generator=torch.Generator().manual_seed(0)) + 2
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with paused_statistics(model):
        inside = model(inputs)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    torch.testing.assert_close(inside, model(inputs))  # batch statistics are used all the same
    assert not torch.equal(before["0.running_mean"], model[0].running_mean)
