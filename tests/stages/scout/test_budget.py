from __future__ import annotations

import pytest

from sketchfit.stages.scout.budget import Budget
from tests.stages.scout.made import Time


def test_it_counts_from_its_start():
    time = Time()
    budget = Budget(60.0, time, began=100.0)
    time.now += 20
    assert budget.used == 20
    assert budget.allows(40.0)
    assert not budget.allows(40.5)
    assert budget.allows(10.0, share=0.5)
    assert not budget.allows(11.0, share=0.5)


def test_it_learns_that_work_takes_longer_than_estimated():
    budget = Budget(60.0, Time(), began=100.0)
    budget.record(10.0, 30.0)
    budget.record(10.0, 10.0)
    assert budget.rate == pytest.approx(2.0)
    assert budget.allows(30.0)
    assert not budget.allows(31.0)
    budget = Budget(60.0, Time(), began=100.0)
    budget.record(0.0, 5.0)
    assert budget.rate == 1.0
