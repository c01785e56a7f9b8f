"""Intervals against scipy, and their coverage in simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import binomtest

from sketchfit.inference import intervals
from sketchfit.inference.intervals import Difference, Estimate
from sketchfit.runs import differences


@given(st.integers(1, 3000), st.floats(0, 1))
def test_wilson_is_scipys(n: int, share: float) -> None:
    successes = int(share * n)
    reference = binomtest(successes, n).proportion_ci(method="wilson")
    ours = intervals.wilson(successes, n)
    assert (ours.low, ours.high) == pytest.approx((reference.low, reference.high), abs=1e-12)
    assert 0 <= ours.low <= ours.value <= ours.high <= 1


def test_how_figures_read() -> None:
    assert str(Estimate(0.7123, 0.690, 0.733, 724)) == "71.2 % (95 % interval 69.0–73.3, n = 724)"
    assert str(Difference(0.014, 0.002, 0.026, 0.0211, 724)) == (
        "+1.4 points (95 % interval +0.2 to +2.6, p = 0.021, n = 724)"
    )


def test_a_p_value_at_the_floor_of_the_bootstrap_reads_as_a_bound() -> None:
    change = intervals.paired_difference(np.zeros(50), np.linspace(1, 2, 50))
    assert change.p_value == 2 / 2001
    assert "p ≤ 0.001" in str(change)


def clustered(rng: np.random.Generator, families: int, size: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Families whose members succeed and fail together: each wholly right with probability `share`."""
    group = np.repeat(np.arange(families), size)
    return (rng.random(families) < share)[group], group


def test_a_tripled_table_is_as_sure_as_the_single_one() -> None:
    right, group = clustered(np.random.default_rng(1), 200, 3, 0.7)
    tripled, single = intervals.accuracy(right, group), intervals.accuracy(right[::3])
    assert tripled.value == single.value
    assert (tripled.low, tripled.high) == pytest.approx((single.low, single.high), abs=1e-3)
    boot = intervals.bootstrap(right, group)
    assert boot == intervals.bootstrap(right, group)
    assert boot.high - boot.low == pytest.approx(single.high - single.low, rel=0.1)


def test_all_right_is_not_certainty() -> None:
    sure = intervals.accuracy(np.ones(30, dtype=bool), np.repeat(np.arange(10), 3))
    assert sure.high == 1
    assert sure.low == pytest.approx(intervals.wilson(10, 10).low)


def test_coverage_with_families() -> None:
    rng = np.random.default_rng(5)
    held, held_naively = 0, 0
    for _ in range(300):
        right, group = clustered(rng, 120, 4, 0.8)
        grouped, naive = intervals.accuracy(right, group), intervals.accuracy(right)
        held += grouped.low <= 0.8 <= grouped.high
        held_naively += naive.low <= 0.8 <= naive.high
    assert 0.92 <= held / 300 <= 0.98
    assert held_naively / 300 < 0.8


def test_few_rows_that_differ_by_hand() -> None:
    first = np.array([1, 1, 0, 0, 0, 0, 0, 0], dtype=bool)
    second = np.array([1, 0, 1, 1, 1, 1, 1, 0], dtype=bool)
    exact = 2 * (1 + 6) / 2**6  # McNemar's test: 5 gained, 1 lost
    assert intervals.paired_difference(first, second).p_value == pytest.approx(exact)
    assert intervals.paired_difference(first, first).p_value == 1


def test_all_pairs_share_their_resamples() -> None:
    rng = np.random.default_rng(3)
    values = [rng.random(60), rng.random(60) < 0.5, rng.random(60) < 0.6]
    group = np.arange(60) // 3
    figures = intervals.PairedFigures.of(values, group)
    for first, second in ((0, 1), (2, 1), (1, 2)):
        wanted = intervals.paired_difference(values[first].astype(float), values[second].astype(float), group)
        found = figures.difference(first, second)
        assert (found.value, found.low, found.high) == pytest.approx((wanted.value, wanted.low, wanted.high), abs=1e-9)
        assert found.n == 60
    assert figures.difference(1, 1) == Difference(0.0, 0.0, 0.0, 1.0, 60)


def test_paired_difference() -> None:
    rng = np.random.default_rng(2)
    first = rng.random(2000) < 0.6
    second = first | (rng.random(2000) < 0.1)
    gain = intervals.paired_difference(first, second)
    assert gain.helps
    assert gain.p_value == 2 / 2001  # McNemar's is far below, and no p-value is below the bootstrap's floor
    assert gain.value == pytest.approx(second.mean() - first.mean())
    back = intervals.paired_difference(second, first)
    assert (back.value, back.low, back.high) == pytest.approx((-gain.value, -gain.high, -gain.low), abs=2e-3)
    assert not intervals.paired_difference(first, first).helps


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 200), st.booleans())
def test_p_value_and_interval_of_a_difference_never_contradict(
    gained: int, lost: int, equal: int, related: bool
) -> None:
    change = np.repeat([1, -1, 0], [gained, lost, equal + 1])
    group = np.arange(len(change)) // 2 if related else None
    found = intervals.paired_difference(change < 0, change > 0, group, repeats=400)
    both = intervals.PairedFigures.of([change < 0, change > 0], group, repeats=400).difference(0, 1)
    assert both.p_value == pytest.approx(found.p_value)
    assert (both.value, both.low, both.high) == pytest.approx((found.value, found.low, found.high), abs=1e-9)
    assert found.low <= found.value <= found.high
    assert (found.p_value < 0.05) == (found.helps or found.hurts)


@pytest.mark.parametrize(("gained", "lost"), [(5, 0), (10, 2), (9, 2), (30, 12), (0, 6)])
def test_a_difference_is_shown_only_where_mcnemars_exact_test_shows_it(gained: int, lost: int) -> None:
    change = np.repeat([1, -1, 0], [gained, lost, 300])
    found = intervals.paired_difference(change < 0, change > 0)
    exact = binomtest(gained, gained + lost)
    assert found.p_value >= exact.pvalue * (1 - 1e-12)
    share = exact.proportion_ci(0.95, "exact")
    assert found.low <= (2 * share.low - 1) * (gained + lost) / len(change) + 1e-12
    assert found.high >= (2 * share.high - 1) * (gained + lost) / len(change) - 1e-12


def test_paired_difference_by_group_is_less_sure() -> None:
    rng = np.random.default_rng(3)
    group = np.repeat(np.arange(100), 5)
    change = rng.normal(0.1, 1, 100)[group]
    plain = intervals.paired_difference(np.zeros(500), change)
    grouped = intervals.paired_difference(np.zeros(500), change, group)
    assert grouped.high - grouped.low > 1.8 * (plain.high - plain.low)


def test_the_p_value_of_equals_is_uniform() -> None:
    rng = np.random.default_rng(4)
    low = 0
    for trial in range(200):
        change = rng.normal(0, 1, 80)
        group = np.arange(80)
        low += intervals.paired_difference(np.zeros(80), change, group, seed=trial, repeats=400).p_value < 0.1
    assert 0.05 <= low / 200 <= 0.17


def test_wrong_inputs() -> None:
    with pytest.raises(ValueError, match="proportion"):
        intervals.wilson(3, 2)
    with pytest.raises(ValueError, match="same rows"):
        intervals.paired_difference(np.zeros(3), np.zeros(4))
    with pytest.raises(ValueError, match="no row"):
        intervals.bootstrap(np.zeros(0))


def test_families_of_unequal_size_are_weighed_by_their_rows() -> None:
    group = np.array([0, 1, 1, 2, 2, 2, 2, 2, 2])
    assert intervals.bootstrap(np.ones(9), group) == Estimate(1, 1, 1, 9)
    one_sided = intervals.bootstrap(np.array([0, 0, 0, 1, 1, 1, 1, 1, 1]), group)
    assert one_sided.value == pytest.approx(6 / 9)
    assert (one_sided.low, one_sided.high) == (0, 1)


@given(st.integers(1, 12), st.integers(1, 5), st.booleans())
def test_few_groups_show_nothing(groups: int, size: int, floats: bool) -> None:
    """Of G groups that all gain, the smallest p-value by exchanging the sides of groups is 2^(1 - G)."""
    rows = groups * size
    group = np.repeat(np.arange(groups), size)
    change = np.linspace(1, 2, rows) if floats else np.ones(rows, dtype=bool)
    found = intervals.paired_difference(np.zeros_like(change), change, group)
    assert found.p_value == pytest.approx(max(2.0 ** (1 - groups), 2 / 2001))
    assert found.helps == (groups > 5)
    both = intervals.PairedFigures.of([np.zeros_like(change), change], group).difference(0, 1)
    assert (both.p_value, both.helps) == (found.p_value, found.helps)


@pytest.mark.parametrize("values", ["right", "log-loss"])
@pytest.mark.parametrize("grouped", [False, True])
def test_many_groups_have_the_intervals_of_the_plain_bootstrap(
    values: str, grouped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    group = np.arange(6000) // rng.integers(1, 4, 6000) if grouped else None
    change = rng.random(6000) < 0.2 if values == "right" else rng.exponential(size=6000)
    plain = intervals.bootstrap(change, group)
    monkeypatch.setattr(differences, "MANY", 1000)
    many = intervals.bootstrap(change, group)
    width = plain.high - plain.low
    assert many.value == plain.value
    assert (many.low, many.high) == pytest.approx((plain.low, plain.high), abs=0.08 * width)
    assert (many.low, many.high) != (plain.low, plain.high)


@pytest.mark.parametrize("families", [2, 3, 5, 8, 20])
def test_intervals_of_few_families_contain_the_truth_as_often_as_they_state(families: int) -> None:
    rng = np.random.default_rng(families)
    truth = expit(rng.normal(0.4, 1.0, 100_000)).mean()
    group, inside = np.repeat(np.arange(families), 50), 0
    for _ in range(400):
        rates = expit(rng.normal(0.4, 1.0, families))
        found = intervals.accuracy(rng.random(len(group)) < rates[group], group)
        inside += found.low <= truth <= found.high
    assert inside / 400 > 0.92


def test_the_variance_of_few_families_counts_for_fewer_rows() -> None:
    # 4 families of 10 rows with 8, 6, 4 and 2 right: variance between them (9 + 1 + 1 + 9) * 4 / 3 / 40^2, that of 40
    # rows 0.25 / 40, design effect 8 / 3. The t quantiles are 2.0227 (39 degrees of freedom) and 3.1824 (3).
    right = np.concatenate([np.arange(10) < k for k in (8, 6, 4, 2)])
    found = intervals.accuracy(right, np.repeat(np.arange(4), 10))
    by_hand = intervals.wilson(0.5 * 15 * (2.0227 / 3.1824) ** 2, 15 * (2.0227 / 3.1824) ** 2)
    assert (found.low, found.high) == pytest.approx((by_hand.low, by_hand.high), abs=1e-4)


@pytest.mark.parametrize("sizes", [[100, *[5] * 9], [300, 100, 30, 10, *[5] * 6]])
def test_intervals_with_a_large_family_contain_the_truth_as_often_as_they_state(sizes: list[int]) -> None:
    rng, inside = np.random.default_rng(len(sizes)), 0
    group = np.repeat(np.arange(len(sizes)), sizes)
    for _ in range(300):
        rates = expit(rng.normal(0, 1.5, len(sizes)))
        found = intervals.accuracy(rng.random(len(group)) < rates[group], group)
        inside += found.low <= 0.5 <= found.high
    assert inside / 300 > 0.92


def test_no_interval_is_wider_than_that_of_families_whose_rows_are_all_alike() -> None:
    rng = np.random.default_rng(0)
    sizes = np.array([50, *[1] * 950])
    group, right = np.repeat(np.arange(len(sizes)), sizes), rng.random(1000) < 0.7
    found, alike = intervals.accuracy(right, group), 1000**2 / np.square(sizes).sum()
    widest = intervals.wilson(right.mean() * alike, alike)
    assert widest.low <= found.low
    assert found.high <= widest.high


@pytest.mark.parametrize("groups", [6, 10, 20])
def test_differences_of_few_groups_are_shown_by_chance_as_rarely_as_stated(groups: int) -> None:
    rng, shown = np.random.default_rng(groups), 0
    group = np.repeat(np.arange(groups), 5)
    for _ in range(400):
        change = np.repeat(rng.normal(size=groups), 5) + rng.normal(0, 0.3, 5 * groups)
        shown += intervals.paired_difference(np.zeros(len(group)), change, group, repeats=300).p_value < 0.05
    assert shown / 400 < 0.085  # 5 %, and two standard errors; it is 15 % for six groups without the t distribution
