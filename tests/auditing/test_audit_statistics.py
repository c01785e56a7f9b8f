"""Drift, corrections, relations of copies, and what plain folds do, against worked-out figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.auditing.copies import sort_copies
from sketchfit.auditing.crossing import fold_crossing
from sketchfit.auditing.drift import adversarial_auc, auc_interval, measure_drift
from sketchfit.auditing.traits import TRAIT_NAMES, traits_frame
from sketchfit.multiple_tests import holm


def test_holm_as_worked_out() -> None:
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.5, 0.9])) == pytest.approx([1.0, 1.0])
    assert holm(np.zeros(0)).shape == (0,)


def test_auc_interval_has_the_papers_standard_error() -> None:
    low, high = auc_interval(0.893, 51, 58)  # Hanley & McNeil 1982: 0.032
    assert (high - low) / 2 / 1.96 == pytest.approx(0.032, abs=0.0006)


def test_a_shifted_trait_is_found_and_an_equal_one_is_not() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(600, len(TRAIT_NAMES)))
    splits = ["train"] * 400 + ["test"] * 200
    unit, paths = np.arange(600), [str(row) for row in range(600)]
    same = measure_drift(traits_frame(values, range(600), splits, paths), unit)
    assert same.auc_low is not None
    assert same.auc_high is not None
    assert same.auc_low < 0.5 < same.auc_high
    assert min(drift.p_corrected for drift in same.traits.values()) > 0.05
    values[400:, TRAIT_NAMES.index("ink")] += 1.5
    shifted = measure_drift(traits_frame(values, range(600), splits, paths), unit)
    assert next(iter(shifted.traits)) == "ink"
    assert shifted.traits["ink"].p_corrected < 1e-6
    assert shifted.auc is not None
    assert shifted.auc > 0.75


def test_copies_are_judged_by_a_classifier_that_has_not_seen_them() -> None:
    rng = np.random.default_rng(1)
    values = np.repeat(rng.normal(size=(150, 3)), 2, axis=0)
    test = np.repeat(rng.random(150) < 0.5, 2)
    honest = adversarial_auc(values, test, np.repeat(np.arange(150), 2))
    leaky = adversarial_auc(values, test, np.arange(300))
    assert honest < 0.62
    assert leaky > 0.75


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3.0])
@pytest.mark.parametrize("trait", TRAIT_NAMES)
def test_a_trait_may_be_missing_infinite_or_constant_in_all_rows(trait: str, value: float) -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(size=(90, len(TRAIT_NAMES)))
    values[60:, 0 if trait != TRAIT_NAMES[0] else 1] += 3
    values[:, TRAIT_NAMES.index(trait)] = value
    width = TRAIT_NAMES.index("width")
    values[:, width] = np.nan_to_num(values[:, width], nan=1, posinf=1, neginf=1)  # NaN there means unreadable
    frame = traits_frame(values, range(90), ["train"] * 60 + ["test"] * 30, [str(row) for row in range(90)])
    drift = measure_drift(frame, np.arange(90))
    assert drift.auc is not None
    assert drift.auc > 0.9
    if trait in drift.traits:
        assert drift.traits[trait].statistic == pytest.approx(0, abs=1e-12)
    else:
        assert not np.isfinite(value)


@pytest.mark.parametrize("known", [0, 1, 2])
def test_a_trait_that_hardly_any_row_has_is_no_error(known: int) -> None:
    values = np.random.default_rng(4).normal(size=(60, 3))
    values[known:, 1] = np.nan
    assert 0 <= adversarial_auc(values, np.arange(60) % 2 == 0, np.arange(60)) <= 1


@pytest.mark.parametrize("value", [np.nan, np.inf, 1.0])
def test_without_any_trait_that_differs_the_classifier_is_at_chance(value: float) -> None:
    test = np.arange(60) % 2 == 0
    assert adversarial_auc(np.full((60, 3), value), test, np.arange(60)) == pytest.approx(0.5)


def test_relations_and_groups_as_worked_out() -> None:
    label = np.array([0, 0, 1, 1, 0])  # rows 5, 6, 7, 8 are test rows
    pairs = np.array([[0, 1], [1, 5], [5, 4], [2, 4], [6, 7]])
    copies = sort_copies(
        np.sort(pairs, axis=1), np.arange(5, dtype=np.float32), [str(k) for k in range(5)], label, count=9
    )
    assert copies.relation == ("cross_label", "train_test", "train_test", "same_label", "test_test")
    assert copies.pairs.tolist() == [[2, 4], [1, 5], [4, 5], [0, 1], [6, 7]]
    assert copies.kind == ("3", "1", "2", "0", "4")
    assert copies.score.tolist() == [3, 1, 2, 0, 4]
    assert copies.groups == ((0, 1, 2, 4, 5), (6, 7))
    assert copies.group_relation == ("cross_label", "test_test")
    # 0, 1 and 4 meet only through test row 5
    assert copies.group.tolist() == [0, 0, 0, 1, 0]


def test_without_pairs_every_row_is_its_own_group() -> None:
    copies = sort_copies(np.zeros((0, 2), np.int64), np.zeros(0, np.float32), [], np.zeros(3, np.int64), 5)
    assert (copies.groups, copies.pairs.shape, copies.group.tolist()) == ((), (0, 2), [0, 1, 2])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=12), st.integers(1, 12))
def test_rows_share_a_group_exactly_if_a_chain_of_pairs_joins_them(edges: list[tuple[int, int]], train: int) -> None:
    pairs = np.array(sorted({(min(e), max(e)) for e in edges if e[0] != e[1]}), dtype=np.int64).reshape(-1, 2)
    copies = sort_copies(
        pairs, np.ones(len(pairs), np.float32), ["x"] * len(pairs), np.zeros(train, np.int64), count=12
    )
    reach = np.eye(12, dtype=bool)
    for a, b in pairs.tolist():
        reach[a, b] = reach[b, a] = True
    for _ in range(4):
        reach = reach @ reach
    for a in range(train):
        for b in range(train):
            assert (copies.group[a] == copies.group[b]) == reach[a, b]
    assert sorted(set(copies.group.tolist())) == list(range(int(copies.group.max()) + 1))


def test_no_group_means_no() -> None:
    label = np.arange(40) % 4
    crossing = fold_crossing(label, np.arange(40), np.eye(40, dtype=np.float32), k=5, seed=0)
    assert crossing.summary.startswith("Not by near-duplicates")
    assert (crossing.groups, crossing.rows, crossing.plain) == (0, 0, crossing.grouped)


def test_copies_flatter_plain_folds_and_not_grouped_ones() -> None:
    rng = np.random.default_rng(0)
    features = np.repeat(rng.normal(size=(200, 30)), 2, axis=0).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    label = np.repeat(rng.integers(0, 10, 200), 2)
    crossing = fold_crossing(label, np.repeat(np.arange(200), 2), features, k=5, seed=0)
    assert crossing.rows == 2 * crossing.groups  # every group is a pair of one class
    assert crossing.misled == 0
    assert crossing.plain is not None
    assert crossing.grouped is not None
    assert crossing.plain >= crossing.rows / 400 > 0.7
    assert crossing.grouped < 0.2  # ten classes at random
    assert f"{crossing.groups} groups of near-duplicates cross folds" in crossing.summary
    assert crossing.summary.startswith("Yes")
    assert crossing.excess is not None
    assert crossing.excess.value == pytest.approx(crossing.plain - crossing.grouped)
    assert crossing.excess.helps
    assert crossing.summary.count("points") == 1  # one gain, with its interval


def test_yes_is_answered_only_where_the_interval_shows_it() -> None:
    """One pair of copies in 200 drawings: the measured difference is within chance."""
    rng = np.random.default_rng(1)
    features = rng.normal(size=(200, 30)).astype(np.float32)
    features[1] = features[0]
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    group = np.r_[0, 0, np.arange(2, 200)]
    label = np.r_[0, 0, rng.integers(0, 5, 198)]
    for seed in range(20):
        crossing = fold_crossing(label, group, features, k=5, seed=seed)
        if crossing.groups:
            break
    assert crossing.excess is not None
    assert not crossing.excess.helps
    assert not crossing.summary.startswith("Yes")


def test_where_nothing_was_measured_the_share_of_copies_is_the_bound() -> None:
    label, group = np.repeat(np.arange(2), 20), np.repeat(np.arange(20), 2)
    crossing = fold_crossing(label, group, None, k=5, seed=0)
    assert crossing.excess is None
    assert f"at most {100 * crossing.rows / 40:.1f} points" in crossing.summary


def test_copies_under_another_label_mislead() -> None:
    label = np.tile([0, 1], 20)
    features = np.repeat(np.eye(20, dtype=np.float32), 2, axis=0)
    crossing = fold_crossing(label, np.repeat(np.arange(20), 2), features, k=2, seed=0)
    assert crossing.rows == 0
    assert crossing.misled == 2 * crossing.groups > 0
    assert "only under another label" in crossing.summary


@pytest.mark.parametrize("count", [0, 1])
def test_hardly_any_rows(count: int) -> None:
    zeros = np.zeros(count, np.int64)
    crossing = fold_crossing(zeros, zeros, np.ones((count, 2), np.float32), k=5, seed=0)
    assert (crossing.plain, crossing.groups) == (None, 0)


def test_many_rows_are_judged_by_a_part_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    label = rng.integers(0, 4, 3000)
    features = (np.eye(4)[label] + rng.normal(scale=0.5, size=(3000, 4))).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    whole = fold_crossing(label, np.arange(3000), features, k=5, seed=0).plain
    monkeypatch.setattr("sketchfit.auditing.crossing._SCORED", 1000)
    part = fold_crossing(label, np.arange(3000), features, k=5, seed=0).plain
    assert whole is not None
    assert part == pytest.approx(whole, abs=0.06)
    assert part != whole
