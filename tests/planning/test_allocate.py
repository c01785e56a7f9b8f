from __future__ import annotations

import pytest

from sketchfit.planning import allocate as module
from sketchfit.planning.allocate import allocate
from sketchfit.planning.deadline import TimeLeft
from sketchfit.planning.options import BankOption, NetworkOption, Options

HOURS = TimeLeft(8 * 3600.0, 8 * 3600.0)


def _options(folds: int, least: int = 1) -> Options:
    networks = [
        NetworkOption(f"net-{size}", 2.0, 20.0 * (size / 128) ** 2, 10.0, 100, size) for size in (128, 160, 240)
    ]
    bank = BankOption("bank", 5.0, 128, done=True)
    return Options([bank], networks, tuple(range(folds)), answered=True, at_once=2, least_folds=least)


@pytest.mark.parametrize(
    ("folds", "least", "counts"),
    [
        (5, 1, [1, 2, 3, 4, 5]),
        (10, 1, [*range(1, 11)]),
        (50, 1, [1, 2, 3, 4, 5, 8, 13, 20, 32, 50]),
        (50, 25, [1, 2, 3, 4, 5, 8, 13, 20, 25, 32, 50]),
    ],
)
def test_of_many_folds_about_ten_numbers_are_tried(folds: int, least: int, counts: list[int]) -> None:
    assert list(module._fold_counts(_options(folds, least))) == counts


def test_a_plan_with_many_folds_is_about_as_good_as_with_all_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    few = allocate(_options(16), HOURS)
    monkeypatch.setattr(module, "FOLD_COUNTS", 16)
    every = allocate(_options(16), HOURS)
    assert 0.98 * every.worth <= few.worth <= every.worth
