from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import confusion_matrix as reference
from sklearn.metrics import precision_recall_fscore_support

from sketchfit.reporting.run.classes import class_results, confusion_matrix
from sketchfit.reporting.run.confusions import clustered_order, costly_pairs

LABELS = hnp.arrays(np.int64, st.shared(st.integers(1, 60), key="n"), elements=st.integers(0, 4))


@given(LABELS, LABELS)
def test_results_agree_with_sklearn(label: np.ndarray, answer: np.ndarray) -> None:
    assert (confusion_matrix(label, answer, 5) == reference(label, answer, labels=range(5))).all()
    precision, recall, f1, support = precision_recall_fscore_support(label, answer, labels=range(5), zero_division=0)
    for result in class_results(label, answer, 5):
        k = result.index
        assert result.support == support[k]
        assert np.isclose(result.f1, f1[k])
        assert np.isclose(np.nan_to_num(result.precision), precision[k])
        if result.recall is not None:
            assert np.isclose(result.recall.value, recall[k])
            assert result.recall.low <= recall[k] <= result.recall.high


@given(LABELS, LABELS)
def test_pairs_count_every_error_once(label: np.ndarray, answer: np.ndarray) -> None:
    pairs = costly_pairs(confusion_matrix(label, answer, 5), 100)
    assert sum(pair.cost for pair in pairs) == int((label != answer).sum())
    assert [pair.cost for pair in pairs] == sorted((pair.cost for pair in pairs), reverse=True)
    assert all(pair.there >= pair.back for pair in pairs)


def test_what_a_class_is_taken_for() -> None:
    label = np.zeros(6, dtype=np.int64)
    answer = np.array([0, 1, 2, 2, 2, 1])
    assert class_results(label, answer, 3)[0].taken_for == ((2, 3), (1, 2))


def test_lookalikes_lie_side_by_side() -> None:
    rng = np.random.default_rng(0)
    label = rng.integers(0, 8, 800)
    partner = (label + 4) % 8  # 0 and 4, 1 and 5, … resemble each other
    prob = np.full((800, 8), 0.02, dtype=np.float32)
    prob[np.arange(800), label] = 0.6
    prob[np.arange(800), partner] = 0.28
    order = clustered_order(prob, label).tolist()
    assert sorted(order) == list(range(8))
    assert all(abs(order.index(k) - order.index(k + 4)) == 1 for k in range(4))
