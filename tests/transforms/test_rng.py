from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.data.samples import number_samples
from sketchfit.transforms.rng import EpochRandomness, sample_rng

WORDS = st.integers(0, 2**64 - 1)


@given(st.tuples(WORDS, WORDS, WORDS, WORDS))
def test_same_arguments_give_the_same_draws(key):
    assert np.array_equal(sample_rng(*key).random(5), sample_rng(*key).random(5))


@given(st.tuples(WORDS, WORDS, WORDS, WORDS), st.tuples(WORDS, WORDS, WORDS, WORDS))
def test_state_tells_all_arguments_apart(one, other):
    def state(key):
        inner = sample_rng(*key).bit_generator.state["state"]
        return (*inner["counter"].tolist(), *inner["key"].tolist())

    assert (state(one) == state(other)) == (one == other)


def test_neighbours_share_no_draw():
    """Each argument alone moves the generator to a stretch of its own."""
    base = set(sample_rng(1, 2, 3, 4).integers(0, 2**63, 1000).tolist())
    for key in [(2, 2, 3, 4), (1, 3, 3, 4), (1, 2, 4, 4), (1, 2, 3, 5), (1, 3, 2, 4), (3, 2, 1, 4)]:
        assert not base & set(sample_rng(*key).integers(0, 2**63, 1000).tolist())


def test_repeats_of_a_row_have_streams_of_their_own():
    samples = number_samples(np.array([5, 7, 5, 5]))
    found = [EpochRandomness(1, 2)(sample).random() for sample in samples.tolist()]
    expected = [(5, 0), (7, 0), (5, 3), (5, 4)]  # streams 1 and 2 have other uses
    assert found == [sample_rng(1, 2, row, stream).random() for row, stream in expected]


def test_numpy_integers_are_taken():
    expected = sample_rng(0, 1, 2, 3).random()
    assert sample_rng(np.int64(0), np.int64(1), np.int64(2), np.int64(3)).random() == expected


@pytest.mark.parametrize("key", [(-1, 0, 0), (0, -1, 0), (0, 0, -1), (0, 2**64, 0), (0, 0, 2**64)])
def test_out_of_range(key):
    with pytest.raises(ValueError, match="out of range"):
        sample_rng(*key)
