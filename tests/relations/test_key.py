from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.relations.key import NO_VALUE, Key, joined, key_of, nested_in_class, own_groups, pair_counts

groups = st.lists(st.integers(-1, 5), min_size=8, max_size=8).map(lambda values: np.array(values, dtype=np.int64))


def test_numbers_are_shared_by_train_and_test() -> None:
    key = key_of("drawer", "column", ["b", None, "a", "b"], ["c", "a", None])
    assert key.train.tolist() == [0, -1, 1, 0]
    assert key.test.tolist() == [2, 1, -1]
    assert key.train.dtype == key.test.dtype == np.int64


def test_nested_groups_by_hand() -> None:
    """Value 0 occurs in two classes, so it is unknown for test rows; value 1 in one; value 7 in test rows alone."""
    key = Key("k", "name", np.array([0, 0, 0, 1, -1]), np.array([0, 1, 7, 7, -1]))
    nested = nested_in_class(key, np.array([0, 0, 1, 1, 1]))
    assert nested.name == "class/k"
    assert nested.nested
    train, test = nested.train.tolist(), nested.test.tolist()
    assert train[0] == train[1]
    assert len({train[0], train[2], train[3]}) == 3
    assert train[4] == NO_VALUE
    assert test[0] == test[4] == NO_VALUE
    assert test[1] == train[3]
    assert test[2] == test[3]
    assert test[2] not in train


def test_joined_groups_by_hand() -> None:
    """Rows 0 and 1 share a; 1 and 2 share b; row 3 has no value; rows 4 and test 0 share b."""
    a = Key("a", "column", np.array([0, 0, -1, -1, -1]), np.array([-1, -1]))
    b = Key("b", "column", np.array([-1, 3, 3, -1, 5]), np.array([5, -1]))
    both = joined("a + b", [a, b])
    assert both.train[0] == both.train[1] == both.train[2]
    assert both.train[3] == NO_VALUE
    assert both.train[4] == both.test[0] != both.train[0]
    assert both.test[1] == NO_VALUE


@given(groups, groups)
def test_joined_is_the_transitive_closure(first: np.ndarray, second: np.ndarray) -> None:
    keys = [Key("a", "column", part[:5], part[5:]) for part in (first, second)]
    key = joined("a + b", keys)
    found = own_groups(np.concatenate([key.train, key.test]))
    related = np.eye(8, dtype=bool)
    for group in (first, second):
        related |= (group[:, None] == group[None, :]) & (group >= 0)[:, None]
    for _ in range(8):
        related = related @ related
    np.testing.assert_array_equal(found[:, None] == found[None, :], related)


@given(groups)
def test_own_groups_change_only_rows_without_value(group: np.ndarray) -> None:
    complete = own_groups(group)
    has_value = group != NO_VALUE
    np.testing.assert_array_equal(complete[has_value], group[has_value])
    alone = complete[~has_value]
    assert len(set(alone.tolist())) == len(alone)
    assert not set(alone.tolist()) & set(group.tolist())


def test_pairs_by_hand() -> None:
    pairs, position, counts = pair_counts(np.array([2, 0, 2, 0]), np.array([1, 3, 1, 0]))
    assert pairs.T.tolist() == [[0, 0], [0, 3], [2, 1]]
    assert position.tolist() == [2, 1, 2, 0]
    assert counts.tolist() == [1, 1, 2]
