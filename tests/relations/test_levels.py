"""Tests of `relations.levels`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.relations.levels import SIZES, cluster_levels


def families(seed: int, classes: int = 6, groups: int = 4, rows: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return features float32, labels and families of rows that are nearly equal within a family."""
    rng = np.random.default_rng(seed)
    centre = rng.normal(size=(classes * groups, 16))
    family = np.repeat(np.arange(classes * groups), rows)
    features = centre[family] + 0.01 * rng.normal(size=(len(family), 16))
    return features.astype(np.float32), family // groups, family


def test_the_level_of_the_size_of_families_is_the_families() -> None:
    features, label, family = families(0)
    found = cluster_levels(features, label)[3.0]
    assert len(np.unique(found)) == len(np.unique(family))
    assert len(np.unique(np.stack([found, family]), axis=1).T) == len(np.unique(family))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 100), classes=st.integers(1, 6), rows=st.integers(1, 5))
def test_clusters_are_within_a_class_nested_and_of_the_mean_size(seed: int, classes: int, rows: int) -> None:
    features, label, _ = families(seed, classes, 4, rows)
    before = None
    for size, group in cluster_levels(features, label).items():
        pairs = np.unique(np.stack([group, label]), axis=1).T
        assert len(pairs) == len(np.unique(group))
        assert len(np.unique(group)) == pytest.approx(len(label) / size, abs=1)
        if before is not None:  # a larger level only joins clusters
            assert len(np.unique(np.stack([before, group]), axis=1).T) == len(np.unique(before))
        before = group


def test_single_rows_have_no_levels() -> None:
    assert cluster_levels(np.eye(4, dtype=np.float32), np.arange(4)) == {}


def test_the_order_of_rows_does_not_matter() -> None:
    features, label, _ = families(1)
    order = np.random.default_rng(0).permutation(len(label))
    plain, shuffled = cluster_levels(features, label), cluster_levels(features[order], label[order])
    assert list(plain) == list(shuffled)
    assert set(plain) <= set(SIZES)
    for size in plain:
        both = np.unique(np.stack([plain[size][order], shuffled[size]]), axis=1).T
        assert len(both) == len(np.unique(plain[size]))
