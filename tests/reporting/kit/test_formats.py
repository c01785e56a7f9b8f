from __future__ import annotations

import pytest

from sketchfit.inference.intervals import Difference, Estimate
from sketchfit.reporting.kit import formats


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.03123, "0.0312"), (12.345, "12.3"), (1234.5, "1,234"), (3_400_000, "3.4 M"), (1, "1")],
)
def test_compact_numbers(value: float, text: str) -> None:
    assert formats.compact(value) == text


def test_shares_and_their_intervals() -> None:
    assert formats.percent(0.7234) == "72.3 %"
    assert formats.interval(Estimate(0.7, 0.664, 0.776, 10)) == "66.4–77.6"
    assert formats.interval_decimals(Estimate(0.9, 0.81, 1.166, 10)) == "0.810–1.166"


@pytest.mark.parametrize("value", [None, float("nan")])
def test_unknown_values_are_a_dash(value: float | None) -> None:
    assert formats.percent(value) == formats.decimals(value) == formats.MISSING


def test_differences_have_signs() -> None:
    assert [formats.points(value) for value in (0.0233, -0.01)] == ["+2.3", "-1.0"]
    assert formats.points_interval(Difference(0.02, -0.014, 0.064, 0.3, 10)) == "-1.4 to +6.4"


@pytest.mark.parametrize(("value", "text"), [(0.314, "0.31"), (1.0, "1"), (0.001, "0.001"), (1e-7, "< 0.001")])
def test_p_values(value: float, text: str) -> None:
    assert formats.p_value(value) == text


def test_paths_break_after_slashes_and_are_escaped() -> None:
    assert str(formats.breakable("a/<b>_c")) == "a/<wbr>&lt;b&gt;_<wbr>c"
