from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    assert [formats.points(value) for value in (0.0233, -0.01)] == ["+2.3", "−1.0"]
    assert formats.points_interval(Difference(0.02, -0.014, 0.064, 0.3, 10)) == "−1.4 to +6.4"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.314, "0.31"), (1.0, "1"), (0.0014, "0.0014"), (0.001, "≤ 0.001"), (2 / 2001, "≤ 0.001"), (6.1e-87, "≤ 0.001")],
)
def test_p_values_at_the_floor_of_resampling_are_an_upper_bound(value: float, text: str) -> None:
    assert formats.p_value(value) == text
    assert formats.p_statement(value) == (f"p {text}" if "≤" in text else f"p = {text}")


@given(st.floats(-1, 1))
def test_a_change_in_words_has_no_sign(change: float) -> None:
    text = formats.higher_or_lower(change)
    assert "-" not in text
    assert ("higher" in text) <= (change > 0)
    assert ("lower" in text) <= (change < 0)
    assert text != "equal" or abs(change) < 0.0006


def test_changes_in_words() -> None:
    assert [formats.higher_or_lower(one) for one in (-0.12, 0.012)] == ["12.0 points lower", "1.2 points higher"]
    assert formats.higher_or_lower(-0.0004) == "equal"


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [(0.01, 0.04, "higher"), (-0.04, -0.01, "lower"), (-0.01, 0.03, "no difference shown"), (0.0, 0.1, None)],
)
def test_the_verdict_is_that_of_the_interval(low: float, high: float, word: str | None) -> None:
    gain = Difference((low + high) / 2, low, high, 0.03, 10)
    assert formats.verdict(gain) == (word or "no difference shown")
    assert formats.gain(Difference(0.02, -0.014, 0.064, 0.3, 10)) == "+2.0 points (−1.4 to +6.4)"


@given(st.floats(-1e9, 1e9))
def test_negative_numbers_have_a_minus_sign(value: float) -> None:
    signed = (formats.points, formats.signed_decimals, formats.decimals, formats.number, formats.compact)
    assert not any("-" in write(value).replace("e-", "") for write in signed)
    assert ("−" in formats.points(value)) == (f"{100 * value:+.1f}"[0] == "-")


@pytest.mark.parametrize("text", ["k-fold", "near-copies", "3-4", "folds.k=-1", "2026-11-26", "a - b", "--seed", ""])
def test_hyphens_stay(text: str) -> None:
    assert formats.minus(text) == text


def test_differences_in_nats() -> None:
    assert formats.signed_decimals_interval(Difference(0.001, -0.008, 0.0091, 0.8, 10)) == "−0.008 to +0.009"


def test_paths_break_after_slashes_and_are_escaped() -> None:
    assert str(formats.breakable("a/<b>_c")) == "a/<wbr>&lt;b&gt;_<wbr>c"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("set `a=1` and `b`", "set <code>a=1</code> and <code>b</code>"),
        ("`<b>` & <i>", "<code>&lt;b&gt;</code> &amp; &lt;i&gt;"),
        ("one ` alone", "one ` alone"),
        ("", ""),
    ],
)
def test_code_between_backticks(text: str, html: str) -> None:
    assert formats.with_code(text) == html
