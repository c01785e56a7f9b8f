from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from sketchfit.relations.key import NO_VALUE, Key, own_groups
from sketchfit.relations.origins import Facts, Origins
from sketchfit.relations.search import SearchFeatures, contains, find_relations
from tests.relations.simulated import features, rows

KEY = r"class/name:^m(\d+)-\d+$"
LABEL, INNER, FAMILY = rows(12, 6, 3)
NUMBER = np.random.default_rng(0).permutation(len(LABEL))
COPIES = Key("near_duplicate", "near_duplicate", np.full(len(LABEL), NO_VALUE), np.full(1, NO_VALUE))


def table(telling: bool) -> Origins:
    """Names with the number of the family within its class, or with running numbers."""
    names = [f"m{inner}-{row}" if telling else f"m{row}" for inner, row in zip(INNER, NUMBER, strict=True)]
    paths = tuple(f"train/{label}/{name}.png" for label, name in zip(LABEL, names, strict=True))
    return Origins(Facts(paths), LABEL, Facts(("test/m0-7.png",)))


def frozen(effect: float, row: np.ndarray | None = None) -> SearchFeatures:
    kept = np.arange(len(LABEL)) if row is None else row
    return SearchFeatures(kept, features(0, LABEL, [(FAMILY, effect)])[kept])


@pytest.mark.parametrize("row", [None, np.arange(5, len(LABEL))])
def test_names_that_tell_families(row: np.ndarray | None) -> None:
    found = find_relations(table(telling=True), COPIES, frozen(1.0, row))
    assert found[0].key.name == KEY
    assert found[0].verdict == "related"
    assert [one.key.name for one in found[1:] if one.verdict == "related"] == []
    np.testing.assert_array_equal(
        own_groups(found[0].key.train)[:-1] == found[0].key.train[1:], FAMILY[:-1] == FAMILY[1:]
    )


def test_clusters_are_looked_for_where_names_tell_nothing() -> None:
    found = find_relations(table(telling=False), COPIES, frozen(4.0))
    assert found[0].key.name == "cluster"
    assert found[0].verdict == "related"
    assert adjusted_rand_score(FAMILY, own_groups(found[0].key.train)) > 0.9
    assert found[0].key.test.tolist() == [NO_VALUE]


def test_clusters_within_the_groups_of_a_key() -> None:
    found = find_relations(table(telling=True), COPIES, frozen(4.0))
    verdicts = {one.key.name: (one.verdict, one.other) for one in found if one.evidence.related}
    assert verdicts == {KEY: ("related", ""), "cluster": ("part", KEY)}


def test_blocks_of_running_numbers_are_explained_by_clusters() -> None:
    """Files are numbered family by family; blocks of ten numbers cut through families of three."""
    numbers = (1000 + np.arange(len(LABEL))) * 10
    facts = Facts(tuple(f"train/{label}/{number:06}.png" for label, number in zip(LABEL, numbers, strict=True)))
    found = find_relations(Origins(facts, LABEL, Facts(("test/m0-7.png",))), COPIES, frozen(4.0))
    assert [(one.key.name, one.verdict) for one in found if one.verdict in ("related", "part")] == [
        ("cluster", "related")
    ]
    assert any(one.verdict == "explained" and one.other == "cluster" for one in found)


def test_sides_are_a_trait() -> None:
    """Left and right differ in all classes: the sides within a class are no groups of related rows."""
    side, group = np.arange(len(LABEL)) % 2, np.arange(len(LABEL)) // 4
    values = features(1, LABEL, [(side, 1.0), (group, 0.8)])
    names = [f"g{g}-{'LR'[s]}-{row}" for g, s, row in zip(group, side, NUMBER, strict=True)]
    origins = Origins(Facts(tuple(f"{label}/{name}.png" for label, name in zip(LABEL, names, strict=True))), LABEL)
    copies = Key("near_duplicate", "near_duplicate", COPIES.train, np.zeros(0, np.int64))
    found = find_relations(origins, copies, SearchFeatures(np.arange(len(LABEL)), values))
    verdicts = {one.key.name: one.verdict for one in found}
    assert verdicts[r"name:^g(\d+)-\D+-\d+$"] == "related"
    assert verdicts[r"class/name:^g\d+-(\D+)-\d+$"] == "explained"


def test_contains_by_hand() -> None:
    clusters = np.array([0, 0, 0, 1, 1, -1])
    assert contains(np.array([5, 5, 5, 5, 5, 5]), clusters)
    assert contains(np.array([5, 5, 5, 6, 6, -1]), clusters)
    assert not contains(np.array([5, 5, 6, 6, 6, -1]), clusters)


def test_unrelated_rows() -> None:
    assert not any(one.evidence.related for one in find_relations(table(telling=True), COPIES, frozen(0.0)))
    copies = Key("near_duplicate", "near_duplicate", FAMILY, np.full(1, NO_VALUE))
    assert not any(one.evidence.related for one in find_relations(table(telling=True), copies, frozen(2.0)))
