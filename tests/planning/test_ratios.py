"""Ratios of actual to estimated time, worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.planning.ratios import MOST_RATIO, ratios_of
from sketchfit.runs.artefacts import PlannedUnit
from sketchfit.runs.artefacts.plan import UnitKind, UnitStatus


def unit(member: str, kind: UnitKind, actual: float, status: UnitStatus = "done") -> PlannedUnit:
    return PlannedUnit(key=member, kind=kind, member=member, status=status, estimated=10.0, actual=actual)


def test_members_that_are_fast_stay_so_after_other_units() -> None:
    found = ratios_of([unit("heads", "bank", 6.0), unit("net", "network", 12.0)])
    assert found == pytest.approx({"heads": 0.6, "bank": 0.6, "net": 1.2, "network": 1.2})


def test_after_a_dropped_unit_everything_is_at_least_as_slow() -> None:
    units = [unit("heads", "bank", 6.0), unit("slow", "bank", 25.0), unit("net", "network", 15.0, "dropped")]
    found = ratios_of(units)
    assert found == pytest.approx({"heads": 1.5, "bank": 1.5, "slow": 1.5, "net": 1.5, "network": 1.5})


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.01, 1000.0), st.booleans()), max_size=6))
def test_ratios_are_bounded_and_a_dropped_unit_makes_none_smaller(parts: list[tuple[str, float, bool]]) -> None:
    units = [unit(name, "network", actual, "dropped" if drop else "done") for name, actual, drop in parts]
    found = ratios_of(units)
    assert all(1 / MOST_RATIO <= one <= MOST_RATIO for one in found.values())
    slower = ratios_of([*units, unit("last", "bank", 20.0, "dropped")])
    assert all(slower[name] >= one for name, one in found.items())
    assert all(one >= 2.0 for one in slower.values())
