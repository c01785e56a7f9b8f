"""The contract of losses."""

from __future__ import annotations

import numpy as np
import torch

from sketchfit.config.loss import LossSection
from sketchfit.training.loss import Loss
from tests.contracts.settings import check_settings

SCALE = 30.0
COUNTS = np.array([10, 1, 4])


def check_loss(section: LossSection) -> None:
    """Check a loss: per row, finite in half precision, with the gradient of its value, and lower for better logits."""
    check_settings(LossSection, section)
    _check_rows_are_independent(section)
    for dtype in (torch.float16, torch.bfloat16):
        _check_stays_finite(section, dtype)
    _check_gradient(section)
    _check_order(section)


def _check_rows_are_independent(section: LossSection) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(6, 3, generator=generator)
    target = torch.eye(3)[torch.arange(6) % 3]
    weight = torch.tensor([0.0, 2.0, 0.5, 1.0, 0.0, 1.0])
    loss = Loss(section.model_copy(update={"class_weights": "effective"}), COUNTS, SCALE)
    rows = torch.stack([loss(logits[i : i + 1], target[i : i + 1]) for i in range(6)])
    torch.testing.assert_close(loss(logits, target, weight), (rows * weight).mean())
    assert not torch.allclose(loss(logits, target, weight), loss(logits, target))


def _check_stays_finite(section: LossSection, dtype: torch.dtype) -> None:
    logits = torch.tensor([[30.0, -30.0, -30.0], [-30.0, 30.0, 0.0]], dtype=dtype, requires_grad=True)
    loss = Loss(section, COUNTS, SCALE)(logits, torch.tensor([[1.0, 0, 0], [1.0, 0, 0]]))
    loss.backward()
    assert loss.dtype == torch.float32
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


def _check_gradient(section: LossSection) -> None:
    rng = np.random.default_rng(3)
    logits = torch.tensor(rng.normal(0, 2, (5, 3)), requires_grad=True)
    target = torch.tensor(np.array([1, 1, 0.7, 0.35, 0.5])[:, None] * np.eye(3)[[0, 1, 2, 0, 1]])
    target[:, 2] += 1 - target.sum(1)
    loss = Loss(section, COUNTS, SCALE)
    assert torch.autograd.gradcheck(lambda x: loss.per_sample(x, target), (logits,), eps=1e-3, atol=2e-3, rtol=1e-2)


def _check_order(section: LossSection) -> None:
    right, even, wrong = torch.tensor([[2.0, -1.0, -1.0], [0.0, 0.0, 0.0], [-1.0, 2.0, -1.0]])
    target = torch.tensor([[1.0, 0.0, 0.0]])
    losses = [Loss(section, COUNTS, SCALE)(logits[None], target).item() for logits in (right, even, wrong)]
    assert losses == sorted(losses)
