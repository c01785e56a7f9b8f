"""Losses in a step under autocast on a GPU, which casts products of vectors too."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sketchfit.config.loss import LossSection
from sketchfit.training.loss import Loss

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device"),
]


def test_class_weights_are_not_rounded_under_autocast() -> None:
    loss = Loss(LossSection.model_validate({"class_weights": "balanced"}), np.array([10, 1, 4])).cuda()
    logits = torch.randn(6, 3, generator=torch.Generator().manual_seed(0)).cuda()
    target = torch.eye(3)[torch.arange(6) % 3].cuda()
    outside = loss(logits, target)
    with torch.autocast("cuda", dtype=torch.bfloat16):
        assert torch.equal(loss(logits, target), outside)
