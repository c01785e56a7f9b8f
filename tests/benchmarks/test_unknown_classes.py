"""One split of the benchmark of unknown classes."""

import numpy as np
import pytest

from benchmarks.claims_no_shift import Labelled
from benchmarks.unknown_classes import RATE, measure, split, table


@pytest.fixture(scope="module")
def data() -> Labelled:
    rng = np.random.default_rng(0)
    label = np.arange(900) % 10
    features = rng.normal(size=(900, 16)) + 1.5 * np.eye(10, 16)[label]
    return Labelled(features.astype(np.float32), label, np.arange(900) // 2)


def test_parts_share_no_family_and_unknown_classes_are_in_no_other_part(data: Labelled) -> None:
    parts = split(data, 3, 4)
    assert data.group is not None
    learnt = np.concatenate(parts.folds)
    groups = [set(data.group[rows]) for rows in (parts.known, parts.test, *parts.folds)]
    assert sum(map(len, groups)) == len(set.union(*groups))
    assert len(np.unique(data.label[parts.unknown])) == 1
    assert not np.isin(data.label[np.concatenate([learnt, parts.known, parts.test])], data.label[parts.unknown]).any()
    assert len(learnt) + len(parts.new) == 900


def test_the_rate_holds_and_the_average_is_not_compared_with_single_networks(data: Labelled) -> None:
    found = [measure(data, seed, 3) for seed in range(6)]
    known = {key: np.mean([one[key].known for one in found]) for key in found[0]}
    assert known["entropy", "test rows"] <= RATE + 0.03
    assert known["entropy", "mean over folds"] <= known["entropy", "average, out of fold"]
    assert len(table(found)) == 2 + len(found[0])
