"""Every registered head fulfils the contract of heads."""

from __future__ import annotations

import pytest

from sketchfit.config.head import HeadSection
from sketchfit.models.heads import heads
from tests.contracts.head import check_head


@pytest.mark.parametrize("name", heads.names())
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_head(name, dropout):
    check_head(HeadSection.model_validate({"name": name, "dropout": dropout}))
