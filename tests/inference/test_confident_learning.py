from __future__ import annotations

import numpy as np
import pytest

from sketchfit.inference.confident_learning import confident_classes, differ


def test_thresholds_are_the_mean_probabilities_of_the_rows_with_each_label() -> None:
    # Thresholds worked out by hand: class 0: (0.9 + 0.5) / 2 = 0.7; class 1: (0.6 + 0.2) / 2 = 0.4.
    prob = np.array([[0.9, 0.1], [0.5, 0.5], [0.4, 0.6], [0.8, 0.2]])
    label = np.array([0, 0, 1, 1])
    confident = confident_classes(prob, label)
    assert confident.tolist() == [0, 1, 1, 0]
    assert differ(prob, label, confident).tolist() == [False, False, False, True]  # row 1: 0.5 is not below 0.5


def test_a_class_without_rows_is_never_the_confident_one() -> None:
    prob = np.array([[0.1, 0.1, 0.8], [0.3, 0.6, 0.1], [0.5, 0.4, 0.1]])
    assert confident_classes(prob, np.array([0, 1, 0])).tolist() == [-1, 1, 0]


@pytest.mark.parametrize("seed", range(8))
def test_doubted_labels_are_those_of_cleanlab(seed: int) -> None:
    cleanlab = pytest.importorskip("cleanlab.filter")
    rng = np.random.default_rng(seed)
    classes = int(rng.integers(2, 12))
    prob = rng.dirichlet(np.full(classes, rng.uniform(0.1, 1)), 300)
    label = np.where(rng.random(300) < 0.7, prob.argmax(axis=1), rng.integers(0, classes, 300))
    expected = cleanlab.find_label_issues(label, prob, filter_by="confident_learning", n_jobs=1)
    doubted = differ(prob, label, confident_classes(prob, label))
    assert doubted.tolist() == expected.tolist()
    assert doubted.any()
