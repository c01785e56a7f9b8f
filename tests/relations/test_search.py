from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from sketchfit.relations.key import NO_VALUE, Key, own_groups
from sketchfit.relations.origins import Facts, Origins
from sketchfit.relations.search import FrozenFeatures, find_relations
from tests.relations.simulated import features, rows

LABEL, INNER, FAMILY = rows(12, 6, 3)
NUMBER = np.random.default_rng(0).permutation(len(LABEL))
COPIES = Key("near_duplicate", "near_duplicate", np.full(len(LABEL), NO_VALUE), np.full(1, NO_VALUE))


def table(telling: bool) -> Origins:
    """Names with the number of the family within its class, or with running numbers."""
    names = [f"m{inner}-{row}" if telling else f"m{row}" for inner, row in zip(INNER, NUMBER, strict=True)]
    paths = tuple(f"train/{label}/{name}.png" for label, name in zip(LABEL, names, strict=True))
    return Origins(Facts(paths), LABEL, Facts(("test/m0-7.png",)))


def frozen(effect: float, row: np.ndarray | None = None) -> FrozenFeatures:
    kept = np.arange(len(LABEL)) if row is None else row
    return FrozenFeatures(kept, features(0, LABEL, [(FAMILY, effect)])[kept])


@pytest.mark.parametrize("row", [None, np.arange(5, len(LABEL))])
def test_names_that_tell_families(row: np.ndarray | None) -> None:
    found = find_relations(table(telling=True), COPIES, frozen(1.0, row))
    assert found[0].key.name == r"class/name:^m(\d+)-\d+$"
    assert found[0].verdict == "related"
    assert [one for one in found[1:] if one.evidence.related] == []
    np.testing.assert_array_equal(
        own_groups(found[0].key.train)[:-1] == found[0].key.train[1:], FAMILY[:-1] == FAMILY[1:]
    )


def test_clusters_are_looked_for_where_names_tell_nothing() -> None:
    found = find_relations(table(telling=False), COPIES, frozen(4.0))
    assert found[0].key.name == "cluster"
    assert found[0].verdict == "related"
    assert adjusted_rand_score(FAMILY, own_groups(found[0].key.train)) > 0.9
    assert found[0].key.test.tolist() == [NO_VALUE]


def test_clusters_next_to_keys_only_where_wanted() -> None:
    names = [one.key.name for one in find_relations(table(telling=True), COPIES, frozen(4.0))]
    assert "cluster" not in names
    wanted = find_relations(table(telling=True), COPIES, frozen(4.0), always_cluster=True)
    assert wanted[0].key.name == "cluster"


def test_unrelated_rows() -> None:
    assert not any(one.evidence.related for one in find_relations(table(telling=True), COPIES, frozen(0.0)))
    copies = Key("near_duplicate", "near_duplicate", FAMILY, np.full(1, NO_VALUE))
    assert not any(one.evidence.related for one in find_relations(table(telling=True), copies, frozen(2.0)))
