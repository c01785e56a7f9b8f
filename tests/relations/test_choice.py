"""Tests of `relations.choice`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from sketchfit.relations.choice import (
    NEW,
    SHARED,
    Grouping,
    candidates_of,
    choose,
    copies_moved,
    known_groups,
    shared_with_test,
    with_clusters,
)
from sketchfit.relations.key import Key, key_of
from sketchfit.relations.resemblance import FoldPlan, Resemblance

NOTHING = np.zeros(0, dtype=np.int64)
COPIES = Key("near_duplicate", "near_duplicate", np.arange(20), NOTHING)
PHOTO = Key("photo", "column", np.repeat(np.arange(10), 2), NOTHING)
DRAWER = Key("drawer", "column", np.tile(np.arange(5), 4), NOTHING)
PLAN = FoldPlan(k=3)


def not_measured(groupings: Mapping[str, np.ndarray]) -> dict[str, Resemblance]:
    raise AssertionError("names decide")


def measured(**mismatch: float):  # type: ignore[no-untyped-def]
    """Return a comparison with these mismatches, by the first word of the candidate's name."""
    return lambda groupings: {name: Resemblance(0.5 + mismatch[name.split()[0]], 0.01) for name in groupings}


def test_copies_stay_together_in_every_candidate_and_the_fewest_groups_come_first() -> None:
    copies = Key("near_duplicate", "near_duplicate", np.array([0, 0, *range(1, 19)]), NOTHING)
    found = candidates_of(copies, [PHOTO], PLAN)
    assert [one.groups for one in found] == [10, 19]
    assert all(one.group[0] == one.group[1] for one in found)
    assert found[0].keys == ("photo",)


def test_a_grouping_that_takes_complete_classes_away_is_no_candidate() -> None:
    # A class has two photos, and one object.
    of_class = np.repeat(np.arange(5), 4)
    assert [one.keys for one in candidates_of(COPIES, [PHOTO], PLAN, of_class)] == [("photo",), ()]
    whole = Key("object", "column", of_class, NOTHING)
    assert [one.keys for one in candidates_of(COPIES, [PHOTO, whole], PLAN, of_class)] == [("photo",), ()]


def test_without_test_rows_the_strongest_key_is_kept_together() -> None:
    view = Key("view", "column", np.tile(np.arange(5), 4), NOTHING)  # it crosses the photos, and has fewer groups
    chosen = choose(candidates_of(COPIES, [PHOTO, view], PLAN), [PHOTO, view], 0, not_measured).chosen
    assert chosen.keys == ("photo",)


def test_new_values_of_a_key_and_of_a_part_of_it_leave_the_key() -> None:
    photo = Key("photo", "column", PHOTO.train, np.array([20, 21]))
    part = Key("drawing", "column", np.array([*range(18), 18, 18]), np.array([30, 31]))
    found = candidates_of(COPIES, [part, photo], PLAN)
    assert choose(found, [part, photo], 100, not_measured).chosen.keys == ("drawing", "photo")


def test_groupings_that_are_equal_are_one_candidate() -> None:
    part = Key("drawing", "column", np.array([*range(18), 18, 18]), NOTHING)
    assert [one.keys for one in candidates_of(COPIES, [PHOTO, part], PLAN)] == [
        ("photo", "drawing"),
        ("drawing",),
        (),
    ]


def test_a_grouping_that_joins_nearly_everything_is_no_candidate() -> None:
    # Every photo is drawn by several drawers, and every drawer has drawn several photos: together they are one group.
    names = [one.keys for one in candidates_of(COPIES, [PHOTO, DRAWER], PLAN)]
    assert names == [("drawer",), ("photo",), ()]


def test_fewer_groups_than_folds_are_no_candidate() -> None:
    assert [one.keys for one in candidates_of(COPIES, [DRAWER], FoldPlan(k=6))] == [()]


def test_without_test_rows_new_groups_are_assumed() -> None:
    chosen = choose(candidates_of(COPIES, [PHOTO], PLAN), [PHOTO], 0, not_measured)
    assert chosen.chosen.keys == ("photo",)


@pytest.mark.parametrize(("test_values", "keys"), [(["a", "b"], ()), (["x", "y"], ("photo",))])
def test_the_values_of_test_rows_decide(test_values: list[str], keys: tuple[str, ...]) -> None:
    photo = key_of("photo", "column", list("aabbccddeeffgghhiijj"), test_values)
    chosen = choose(candidates_of(COPIES, [photo], PLAN), [photo], 100, not_measured)
    assert chosen.chosen.keys == keys
    assert set(chosen.shared) == {"photo"}


@pytest.mark.parametrize(
    ("known", "share"), [(0, None), (1, 0.05), (2, 0.1), (10, 0.5), (18, 0.9), (19, 0.95), (20, None)]
)
def test_groups_stay_together_where_the_test_set_shows_known_groups_and_new_ones(
    known: int, share: float | None
) -> None:
    photo = Key("photo", "column", PHOTO.train, np.r_[np.zeros(known, np.int64), np.full(20 - known, 99)])
    choice = choose(candidates_of(COPIES, [photo], PLAN), [photo], 20, not_measured)
    assert choice.chosen.keys == (("photo",) if known < 19 else ())
    expected = share is not None and NEW < share < SHARED
    found = known_groups(choice)
    assert (found is not None) is expected
    if found is not None:
        assert found[0] == share
        assert found[1].keys == ()


def test_of_several_keys_with_known_groups_the_smallest_share_counts() -> None:
    photo = Key("photo", "column", PHOTO.train, np.repeat([0, 99], 10))
    part = Key("drawing", "column", np.array([*range(18), 18, 18]), np.repeat([0, 99], [4, 16]))
    choice = choose(candidates_of(COPIES, [part, photo], PLAN), [part, photo], 20, not_measured)
    assert choice.chosen.keys == ("drawing", "photo")
    found = known_groups(choice)
    assert found is not None
    assert (found[0], found[1].keys) == (0.2, ())


def test_few_test_rows_with_a_value_decide_nothing() -> None:
    photo = key_of("photo", "column", ["a", "a", "b"], ["a", None, None])
    assert shared_with_test(photo) is None
    assert shared_with_test(key_of("photo", "column", ["a"], ["a", "z"])) == 0.5


def test_a_nested_value_is_not_known_for_test_rows() -> None:
    assert shared_with_test(Key("class/photo", "name", np.arange(2), np.arange(2), nested=True)) is None


@pytest.mark.parametrize(
    ("mismatch", "keys"),
    [
        ({"photo": 0.00, "near_duplicate": 0.20}, ("photo",)),
        ({"photo": 0.20, "near_duplicate": 0.00}, ()),
        ({"photo": 0.015, "near_duplicate": 0.00}, ("photo",)),  # both are consistent: the fewest groups
    ],
)
def test_similarities_decide_where_names_do_not(mismatch: dict[str, float], keys: tuple[str, ...]) -> None:
    chosen = choose(candidates_of(COPIES, [PHOTO], PLAN), [PHOTO], 100, measured(**mismatch))
    assert chosen.chosen.keys == keys
    assert set(chosen.resemblances) == {one.name for one in chosen.candidates}


def test_one_candidate_is_chosen_without_a_comparison() -> None:
    only = Grouping("near_duplicate", np.arange(4))
    assert choose([only], [], 100, not_measured).chosen is only


def level(name: str, size: int) -> Grouping:
    return Grouping(name, np.arange(20) // size, (name,))


def by_name(**higher: float):  # type: ignore[no-untyped-def]
    return lambda groupings: {name: Resemblance(higher[name.split()[0]], 0.01) for name in groupings}


def test_clusters_are_used_where_validation_is_clearly_too_easy() -> None:
    plain = choose(candidates_of(COPIES, [], PLAN), [], 100, not_measured)
    compare = by_name(near_duplicate=0.6, small=0.55, middle=0.5, large=0.46)
    found = with_clusters(plain, [level("small", 2), level("middle", 3), level("large", 5)], compare)
    assert found.chosen.name == "middle"
    assert {one.name for one in found.candidates} == {"near_duplicate", "small", "middle", "large"}


@pytest.mark.parametrize("higher", [0.52, 0.4])
def test_clusters_are_not_used_where_validation_is_not_too_easy(higher: float) -> None:
    plain = choose(candidates_of(COPIES, [], PLAN), [], 100, not_measured)
    found = with_clusters(plain, [level("small", 2)], by_name(near_duplicate=higher, small=0.5))
    assert found.chosen.name == "near_duplicate"
    assert set(found.resemblances) == {"near_duplicate"}


def test_clusters_that_resemble_the_test_set_less_are_not_used() -> None:
    plain = choose(candidates_of(COPIES, [], PLAN), [], 100, not_measured)
    found = with_clusters(plain, [level("small", 2)], by_name(near_duplicate=0.56, small=0.4))
    assert found.chosen.name == "near_duplicate"


def test_too_few_test_rows_to_compare_assume_new_groups() -> None:
    found = choose(candidates_of(COPIES, [PHOTO], PLAN), [PHOTO], 3, None)
    assert found.chosen.keys == ("photo",)
    assert "too few" in found.reason


def test_a_related_key_that_folds_cannot_use_is_a_warning() -> None:
    sites = Key("site", "column", np.repeat(np.arange(2), 10), NOTHING)
    found = choose(candidates_of(COPIES, [sites], PLAN), [sites], 0, None)
    assert found.chosen.keys == ()
    assert "WARNING" in found.reason
    assert "site" in found.reason


def test_copies_across_large_groups_are_moved_and_do_not_join_them() -> None:
    drawer = Key("drawer", "column", np.repeat(np.arange(4), 5), NOTHING)
    copies = np.arange(20)
    copies[[0, 5, 10, 15]] = 0  # a letter of each drawer that looks the same
    copies[[6, 7, 11]] = 6
    near = Key("near_duplicate", "near_duplicate", copies, NOTHING)
    found = copies_moved(drawer, near)
    assert len({*found[[0, 5, 10, 15]].tolist()}) == 1
    assert {*found[[6, 7, 11]].tolist()} == {1}
    unmoved = [row for row in range(20) if row not in (5, 10, 15, 11)]
    assert found[unmoved].tolist() == drawer.train[unmoved].tolist()
    assert [one.groups for one in candidates_of(near, [drawer], PLAN)] == [4, 15]
