"""Probabilities of rows whose image cannot be read."""

from __future__ import annotations

import numpy as np

from sketchfit.inference.unreadable import class_prior, with_prior


def test_prior_is_the_share_of_each_class():
    prior = class_prior(np.array([0, 2, 2, 2]), 4)
    assert prior.dtype == np.float32
    np.testing.assert_allclose(prior, [0.25, 0, 0.75, 0])


def test_unreadable_rows_get_the_prior():
    prob = np.array([[0.9, 0.1], [0.2, 0.8]], dtype=np.float32)
    full = with_prior(prob, np.array([True, False, True]), np.array([0.5, 0.5], dtype=np.float32))
    assert full.dtype == np.float32
    np.testing.assert_array_equal(full, np.array([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8]], dtype=np.float32))
    none = with_prior(prob[:0], np.array([False]), np.array([0.5, 0.5], dtype=np.float32))
    np.testing.assert_array_equal(none, [[0.5, 0.5]])
