"""How the samples of a batch are divided among processes."""

from __future__ import annotations

import numpy as np
import pytest

from sketchfit.training.loader import SharedBatch


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("processes", [1, 2, 3, 4])
def test_own_samples_are_those_at_their_places_and_each_counts_once(count: int, processes: int) -> None:
    samples = np.arange(count) + 100
    batches = [SharedBatch(7, np.array_split(samples, processes), rank) for rank in range(processes)]
    for batch in batches:
        assert batch.own.tolist() == samples[batch.own_places].tolist()
        assert sum(batch.sizes) == count
        assert len(batch.own) == max(batch.sizes[batch.rank], 1)
    counted = [batch.own for batch in batches if batch.sizes[batch.rank]]
    assert np.concatenate(counted).tolist() == samples.tolist()


def test_a_process_without_samples_has_one_that_does_not_count() -> None:
    batch = SharedBatch(0, np.array_split(np.array([5, 6]), 3), 2)
    assert batch.sizes == (1, 1, 0)
    assert batch.own.tolist() == [5]
    assert batch.own_places == slice(0, 1)
