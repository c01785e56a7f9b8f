from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from sketchfit.relations import clusters
from sketchfit.relations.clusters import tight_clusters
from sketchfit.relations.key import own_groups
from sketchfit.relations.space import compare_rows
from tests.relations.simulated import features, rows


def random_families(seed: int, classes: int, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return label and family of rows in 6 to 10 families per class of 1 … `most` rows each."""
    rng = np.random.default_rng(seed)
    sizes = [rng.integers(1, most + 1, int(rng.integers(6, 11))) for _ in range(classes)]
    label = np.repeat(np.arange(classes), [of_class.sum() for of_class in sizes])
    return label, np.repeat(np.arange(sum(map(len, sizes))), np.concatenate(sizes))


@pytest.mark.parametrize(("classes", "most"), [(20, 2), (20, 5), (4, 12), (40, 3)])
@pytest.mark.parametrize("effect", [2.5, 4.0])
def test_families_are_recovered_where_features_separate_them(classes: int, most: int, effect: float) -> None:
    label, family = random_families(classes + most, classes, most)
    found = tight_clusters(compare_rows(features(1, label, [(family, effect)]), label))
    assert found is not None
    assert adjusted_rand_score(family, own_groups(found)) > 0.9
    in_cluster = found >= 0
    assert len(np.unique(np.stack([found, label])[:, in_cluster], axis=1).T) == len(np.unique(found[in_cluster]))


@pytest.mark.parametrize("effect", [2.0, 4.0])
def test_chains_of_views_are_recovered(effect: float) -> None:
    """Each view is a small step from the one before, so the first and the last of an object differ."""
    label, _, family = rows(10, 6, 12)
    table = features(2, label, [(family, effect)])
    steps = np.random.default_rng(0).normal(size=table.shape).astype(np.float32) * table.std(axis=0) * 0.15
    for number in range(60):
        members = family == number
        table[members] = table[members][0] + np.cumsum(steps[members], axis=0)
    found = tight_clusters(compare_rows(table, label))
    assert found is not None
    assert adjusted_rand_score(family, own_groups(found)) > 0.9


@pytest.mark.parametrize("sets", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_independent_rows_have_no_clusters(sets: int) -> None:
    found = []
    for seed in range(sets):
        rng = np.random.default_rng(seed)
        label = np.repeat(np.arange(int(rng.integers(2, 25))), int(rng.integers(5, 30)))
        table = features(seed, label) * np.exp(0.5 * rng.normal(size=(len(label), 1))).astype(np.float32)
        found += [seed] * (tight_clusters(compare_rows(table, label)) is not None)
    assert len(found) <= 0.01 * sets


@pytest.mark.parametrize("seed", range(5))
def test_kinds_within_a_class_that_overlap_are_no_families(seed: int) -> None:
    rng = np.random.default_rng(seed)
    label = np.repeat(np.arange(12), 40)
    kind = label * 4 + rng.integers(0, 4, len(label))
    assert tight_clusters(compare_rows(features(seed, label, [(kind, 0.6)]), label)) is None


def test_weak_families_give_no_clusters() -> None:
    label, _, family = rows(20, 5, 4)
    assert tight_clusters(compare_rows(features(3, label, [(family, 0.7)]), label)) is None


def test_order_of_rows_does_not_matter() -> None:
    label, family = random_families(0, 15, 4)
    table = features(4, label, [(family, 4.0)])
    order = np.random.default_rng(0).permutation(len(label))
    first = tight_clusters(compare_rows(table, label))
    mixed = tight_clusters(compare_rows(table[order], label[order]))
    assert first is not None
    assert mixed is not None
    assert adjusted_rand_score(own_groups(first)[order], own_groups(mixed)) == pytest.approx(1)


def test_rows_of_a_class_beyond_the_limit_join_the_nearest_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "_MOST_ROWS", 60)
    label, _, family = rows(4, 10, 12)
    found = tight_clusters(compare_rows(features(5, label, [(family, 4.0)]), label))
    assert found is not None
    assert adjusted_rand_score(family, own_groups(found)) > 0.9


def test_copies_and_too_few_rows() -> None:
    label, _, family = rows(8, 6, 2)
    table = features(6, label, [(family, 5.0)])
    assert tight_clusters(compare_rows(table, label)) is not None
    assert tight_clusters(compare_rows(table, label, near_duplicate=family)) is None
    assert tight_clusters(compare_rows(table[:4], np.array([0, 0, 1, 1]))) is None
