"""One split of the benchmark of the alarm."""

import numpy as np
import pytest

from benchmarks.claims_no_shift import TEST_SHARE, Labelled, measure


@pytest.fixture(scope="module")
def data() -> Labelled:
    rng = np.random.default_rng(0)
    label = np.arange(600) % 6
    features = rng.normal(size=(600, 12)) + 1.2 * np.eye(6, 12)[label]
    return Labelled(features.astype(np.float32), label, None)


def test_a_split_is_a_pure_function_of_its_seed(data: Labelled) -> None:
    assert measure(data, 3) == measure(data, 3)
    assert measure(data, 3) != measure(data, 4)


def test_figures_are_near_each_other_without_a_shift(data: Labelled) -> None:
    found = [measure(data, seed) for seed in range(8)]
    for one in found:
        assert 0.3 < one.out_of_fold < 0.95
        assert one.final * TEST_SHARE * 600 == pytest.approx(round(one.final * TEST_SHARE * 600))
    assert np.mean([one.estimate - one.single for one in found]) == pytest.approx(0, abs=0.04)
    assert np.mean([one.fires for one in found]) <= 0.25
