from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from sketchfit.data.folds import balance, crossing_groups, given_folds, stratified_folds
from sketchfit.errors import UserError


def counts(label: np.ndarray, part: np.ndarray, parts: int) -> np.ndarray:
    """[class, part]"""
    table = np.zeros((int(label.max()) + 1, parts), dtype=int)
    np.add.at(table, (label, part), 1)
    return table


labels = st.lists(st.integers(0, 6), min_size=1, max_size=200).map(lambda values: np.array(values, dtype=np.int64))


@settings(deadline=None)
@given(labels, st.integers(2, 8), st.integers(0, 2**31 - 1))
def test_every_row_in_one_fold_and_classes_even(label: np.ndarray, k: int, seed: int) -> None:
    part = stratified_folds(label, [1 / k] * k, seed)
    assert part.shape == label.shape
    assert part.dtype == np.int64
    assert set(part.tolist()) <= set(range(k))
    table = counts(label, part, k)
    assert (table.max(axis=1) - table.min(axis=1) <= 1).all()
    sizes = np.bincount(part, minlength=k)
    assert sizes.max() - sizes.min() <= max(2, table.shape[0] // 2)
    np.testing.assert_array_equal(part, stratified_folds(label, [1 / k] * k, seed))


@settings(deadline=None)
@given(st.data(), st.integers(2, 6))
def test_groups_stay_whole(data: st.DataObject, k: int) -> None:
    label = data.draw(labels)
    group = np.array(data.draw(st.lists(st.integers(-3, 60), min_size=len(label), max_size=len(label))))
    part = stratified_folds(label, [1 / k] * k, 0, group)
    assert crossing_groups(part, group) == 0
    assert (part >= 0).all()
    assert (part < k).all()


@pytest.mark.parametrize("seed", range(4))
def test_groups_of_near_copies_cost_little_balance(seed: int) -> None:
    """As in the competition: most rows single, some pairs and triples of one class. Compared with scikit-learn."""
    rng = np.random.default_rng(seed)
    label = np.repeat(np.arange(30), 20)
    group = np.arange(len(label))
    for row in rng.choice(len(label) - 2, 80, replace=False):
        group[row + 1] = group[row]
    k = 5
    ours = counts(label, stratified_folds(label, [1 / k] * k, seed, group), k)
    splits = StratifiedGroupKFold(k, shuffle=True, random_state=seed).split(label, label, group)
    theirs = np.stack([np.bincount(label[valid], minlength=30) for _, valid in splits], axis=1)
    assert ours.std(axis=1).mean() <= theirs.std(axis=1).mean() + 1e-9
    assert (ours.max(axis=1) - ours.min(axis=1)).max() <= 2


def test_large_groups_are_placed_before_small_ones() -> None:
    label = np.zeros(12, dtype=np.int64)
    group = np.array([0] * 6 + list(range(1, 7)))
    part = stratified_folds(label, [0.5, 0.5], 3, group)
    assert np.bincount(part).tolist() == [6, 6]


@settings(deadline=None)
@given(st.integers(1, 9), st.integers(0, 100))
def test_shares_are_met_within_a_row_a_class(tenths: int, seed: int) -> None:
    label = np.repeat(np.arange(4), 20)
    share = tenths / 10
    part = stratified_folds(label, [share, 1 - share], seed)
    assert (np.abs(counts(label, part, 2)[:, 0] - 20 * share) <= 1).all()


def test_seeds_differ_and_order_is_mixed() -> None:
    label = np.repeat(np.arange(5), 12)
    parts = [stratified_folds(label, [0.25] * 4, seed) for seed in range(5)]
    assert len({tuple(part) for part in parts}) == 5
    assert len({tuple(parts[0][label == c]) for c in range(5)}) > 1  # not the same pattern in each class


def test_leftover_rows_of_small_classes_do_not_pile_up() -> None:
    """200 classes of one row more than folds: the extra rows must not all land in fold 0."""
    label = np.repeat(np.arange(200), 6)
    sizes = np.bincount(stratified_folds(label, [0.2] * 5, 0))
    assert sizes.max() - sizes.min() <= 1


def test_given_folds() -> None:
    assert given_folds(["10", "9", "10", "1"], "fold").tolist() == [2, 1, 2, 0]  # numbers as numbers
    assert given_folds(["b", "a", "b"], "fold").tolist() == [1, 0, 1]
    assert given_folds(["x", "2", "1"], "fold").tolist() == [2, 1, 0]
    with pytest.raises(UserError, match=r"column 'fold' is empty in 2 rows, the first of them row 3"):
        given_folds(["0", "", "1", "NaN"], "fold")
    with pytest.raises(UserError, match="only the value '0'"):
        given_folds(["0", "0"], "fold")


def test_crossing_groups_by_hand() -> None:
    fold = np.array([0, 0, 1, 1, 2, 2])
    assert crossing_groups(fold, np.array([0, 0, 1, 1, 2, 2])) == 0
    assert crossing_groups(fold, np.array([0, 0, 0, 1, 1, 2])) == 2
    assert crossing_groups(fold, np.zeros(6, dtype=int)) == 1


@pytest.mark.parametrize(
    ("fold", "numbers"),
    [
        ([0, 1, 0, 1, 0, 1], ["2", "3", "1"]),  # folds, rows of each, largest difference within a class
        ([0, 0, 1, 0, 0, 0], ["2", "1", "5", "3"]),  # folds, fewest and most rows, largest difference
        ([0, -1, -1, 0, -1, -1], ["1", "2"]),
    ],
)
def test_balance(fold: list[int], numbers: list[str]) -> None:
    text = balance(np.array([0, 0, 0, 1, 1, 1]), np.array(fold))
    assert re.findall(r"\d+", text) == numbers


@given(st.lists(st.sampled_from(["0", "1", "2", " 1", "1.0", "-1", "-1.0", "b", "a"]), min_size=1, max_size=30))
def test_given_folds_are_equal_where_their_numbers_are(values: list[str]) -> None:
    plain = [{" 1": "1", "1.0": "1", "-1.0": "-1"}.get(value, value) for value in values]
    if len(set(plain)) < 2:
        with pytest.raises(UserError, match="has only the value"):
            given_folds(values, "fold")
        return
    found = given_folds(values, "fold").tolist()
    assert [a == b for a in plain for b in plain] == [a == b for a in found for b in found]
    assert [value == "-1" for value in plain] == [number == -1 for number in found]
    assert sorted(set(found) - {-1}) == list(range(len(set(found) - {-1})))


def test_an_empty_fold_names_the_row_and_what_to_write() -> None:
    with pytest.raises(UserError, match="row 3") as caught:
        given_folds(["0", " ", "1"], "fold")
    assert "-1" in caught.value.hint
