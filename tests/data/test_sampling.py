from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.data.batches import epoch_order
from sketchfit.data.sampling import sampled_order

counts_of = st.lists(st.integers(1, 40), min_size=1, max_size=6)


def table(counts):
    label = np.repeat(np.arange(len(counts)), counts)
    return np.arange(len(label)) + 100, np.concatenate([np.full(100, -1), label])


@given(counts_of, st.floats(0, 1), st.integers(0, 5), st.integers(0, 99))
def test_shares_are_counts_to_the_power_and_rows_of_a_class_take_turns(counts, power, seed, epoch):
    rows, label = table(counts)
    order = sampled_order(rows, label, power, seed, epoch)
    assert len(order) == len(rows)
    assert set(order) <= set(rows)
    wanted = np.array(counts, float) ** power / (np.array(counts, float) ** power).sum() * len(rows)
    drawn = np.bincount(label[order], minlength=len(counts))
    assert (np.abs(drawn - wanted) < 1 + 1e-6).all()
    times = np.bincount(order, minlength=len(label))
    for number in range(len(counts)):
        assert np.ptp(times[label == number]) <= 1
    assert np.array_equal(order, sampled_order(rows, label, power, seed, epoch))


def test_power_one_is_the_plain_order():
    rows, label = table([3, 9, 1])
    assert np.array_equal(sampled_order(rows, label, 1.0, 4, 7), epoch_order(rows, 4, 7))


def test_epochs_draw_other_rows_and_the_rounding_is_fair():
    rows, label = table([90, 5, 5])
    seen, drawn = set(), np.zeros(3)
    for epoch in range(60):
        order = sampled_order(rows, label, 0.0, 0, epoch)
        seen |= set(order)
        drawn += np.bincount(label[order], minlength=3)
    assert seen == set(rows)  # a third of the large class an epoch, and all of it in time
    assert np.allclose(drawn / 60, 100 / 3, atol=0.2)
