"""Every registered loss fulfils the contract of losses."""

from __future__ import annotations

import pytest

from sketchfit.config.loss import LossSection
from sketchfit.training.losses import losses
from tests.contracts.loss import check_loss


@pytest.mark.parametrize("name", losses.names())
def test_loss(name):
    check_loss(LossSection.model_validate(name))
