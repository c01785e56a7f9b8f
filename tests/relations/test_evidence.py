from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.relations.evidence import evidence, is_crossed, judge, related_beyond, related_within
from sketchfit.relations.key import nested_in_class
from sketchfit.relations.space import compare_rows
from tests.relations.simulated import features, key, rows


@pytest.mark.parametrize("sets", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_no_key_of_unrelated_rows_is_accepted(sets: int) -> None:
    """Four keys per set: at most 5 % of the sets with an accepted key, whatever the shape of the groups."""
    accepted = 0
    for seed in range(sets):
        rng = np.random.default_rng(seed)
        label, inner, group = rows(int(rng.integers(2, 8)), int(rng.integers(3, 6)), 2)
        space = compare_rows(features(seed, label, width=24), label)
        keys = [
            key("pairs", group),
            key("counter", inner),
            key("random", rng.integers(0, 7, len(label))),
            key("collection order", np.arange(len(label)) // 7),
        ]
        accepted += any(one.related for one in judge(keys, space))
    assert accepted <= 0.05 * sets


@pytest.mark.parametrize(("classes", "groups", "size"), [(20, 8, 2), (20, 4, 5), (60, 3, 5), (2, 8, 4)])
def test_families_within_classes_are_found_and_their_numbers_are_not_crossed(
    classes: int, groups: int, size: int
) -> None:
    """The effect is the share of the variance within classes that families share: 0.5² / (0.5² + 1)."""
    label, inner, group = rows(classes, groups, size)
    space = compare_rows(features(1, label, [(group, 0.5)]), label)
    crossed = key("photo", inner)
    found = judge([crossed, nested_in_class(crossed, label)], space)
    assert [one.related for one in found] == [False, True]
    assert found[1].effect == pytest.approx(0.2, abs=0.1)
    assert found[1].hit_rate > 1.5 * found[1].expected_hit_rate


@pytest.mark.parametrize(("classes", "drawers", "size"), [(20, 6, 1), (20, 6, 4), (100, 13, 1)])
def test_drawers_across_classes_are_found(classes: int, drawers: int, size: int) -> None:
    label, drawer, _ = rows(classes, drawers, size)
    found = evidence(compare_rows(features(2, label, [(drawer, 0.3)]), label), drawer)
    assert found.across
    assert found.related
    assert found.across_effect == pytest.approx(0.3**2 / (0.3**2 + 1), abs=0.03)
    assert found.hit_rate > found.expected_hit_rate


def test_a_certain_but_tiny_effect_is_not_related() -> None:
    label, _, group = rows(100, 2, 20)
    found = evidence(compare_rows(features(3, label, [(group, 0.06)]), label), group)
    assert found.z > 3
    assert not found.related


def test_copies_count_once() -> None:
    """Every pair of a group is a pair of copies: without the copies nothing is left to compare."""
    label, _, group = rows(10, 10, 2)
    table = features(4, label)
    table[1::2] = table[0::2] + 0.01
    assert evidence(compare_rows(table, label), group).related
    assert not evidence(compare_rows(table, label, near_duplicate=group), group).related


def test_coarse_groups_that_only_contain_related_ones() -> None:
    """Days of sessions: rows of a session are related, sessions of a day are not; then days are related, too."""
    label, _, session = rows(10, 8, 3)
    day = session // 2
    only_session = compare_rows(features(5, label, [(session, 1.0)]), label)
    assert evidence(only_session, day).related
    assert related_beyond(only_session, day, session) is False
    both = compare_rows(features(5, label, [(session, 1.0), (day, 1.0)]), label)
    assert related_beyond(both, day, session) is True
    assert related_beyond(both, session, session) is None


def test_groups_across_classes_by_hand() -> None:
    label = np.array([0, 0, 1, 1, 2, 2])
    assert is_crossed(np.array([0, 1, 0, 1, 0, 1]), label)
    assert not is_crossed(np.array([0, 0, 1, 1, 2, 2]), label)
    assert not is_crossed(np.array([0, 0, 1, 1, 2, 3]), label)
    assert not is_crossed(np.arange(6), label)


def test_sizes_and_hits_by_hand() -> None:
    """Groups of 2, 3 and 1 rows; rows of a group are close together."""
    group = np.array([0, 0, 1, 1, 1, 2, -1])
    centre = np.eye(4)[[0, 0, 1, 1, 1, 2, 3]]
    table = (centre + 0.01 * np.random.default_rng(0).normal(size=centre.shape)).astype(np.float32)
    found = evidence(compare_rows(table, np.zeros(7, np.int64)), group)
    assert found.groups == 2
    assert found.sizes == (2, 2.5, 3)
    assert found.hit_rate == 1
    assert found.expected_hit_rate == pytest.approx((2 * 1 / 6 + 3 * 2 / 6) / 5)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 1000))
def test_neither_order_of_rows_nor_numbers_of_groups_matter(seed: int) -> None:
    label, _, group = rows(6, 4, 3)
    table = features(seed, label, [(group, 0.8)])
    rng = np.random.default_rng(seed)
    order, renamed = rng.permutation(len(label)), rng.permutation(len(label))[group]
    first = evidence(compare_rows(table, label), group)
    for other in (
        evidence(compare_rows(table[order], label[order]), group[order]),
        evidence(compare_rows(table, label), renamed),
    ):
        assert other.effect == pytest.approx(first.effect, abs=1e-4)
        assert other.hit_rate == pytest.approx(first.hit_rate, abs=0.03)
        assert other.sizes == first.sizes
        assert other.related is first.related is True


def test_the_same_input_gives_the_same_evidence() -> None:
    label, _, group = rows(5, 5, 2)
    space = compare_rows(features(6, label, [(group, 0.2)]), label)
    assert evidence(space, group) == evidence(space, group)


def test_many_rows_are_sampled() -> None:
    label, drawer, group = rows(20, 100, 5)  # 10,000 rows
    space = compare_rows(features(7, label, [(group, 0.5), (drawer % 12, 0.3)], width=16), label)
    assert evidence(space, group).effect == pytest.approx(0.5**2 / (0.5**2 + 0.3**2 + 1), abs=0.06)
    assert evidence(space, drawer % 12).related
    assert not evidence(space, np.random.default_rng(0).permutation(group)).related


@pytest.mark.parametrize("usable", [0, 1, 3])
def test_hardly_any_rows(usable: int) -> None:
    label = np.array([0, 0, 0, 1, 1])
    space = compare_rows(features(0, label), label, usable=np.arange(5) < usable)
    found = evidence(space, np.array([0, 0, 1, 1, -1]))
    assert found.p == 1 or found.p > 0.1
    assert not found.related


def test_groups_that_a_trait_explains() -> None:
    label, _, group = rows(12, 4, 6)
    side = group % 2
    only_side = compare_rows(features(8, label, [(side, 1.0)]), label)
    assert evidence(only_side, group).related
    assert not related_within(only_side, group, side)
    both = compare_rows(features(8, label, [(side, 1.0), (group, 1.0)]), label)
    assert related_within(both, group, side)
    assert not related_within(both, 2 * label + side, side)  # the same as the trait in each class
