from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import confusion_matrix as reference
from sklearn.metrics import precision_recall_fscore_support

from sketchfit.reporting.run import classes
from sketchfit.reporting.run.classes import class_results, classes_section, confusion_matrix

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


def test_the_most_frequent_wrong_answers_come_first() -> None:
    label = np.zeros(6, dtype=np.int64)
    answer = np.array([0, 1, 2, 2, 2, 1])
    assert class_results(label, answer, 3)[0].confused_with == ((2, 3), (1, 2))


def test_of_many_classes_the_table_has_those_with_the_lowest_recall(monkeypatch: pytest.MonkeyPatch) -> None:
    label = np.repeat(np.arange(8), 8)
    answer = np.where(np.arange(64) % 8 < label, label, 0)  # class 7 has the highest recall, but for class 0
    names = tuple(f"name{index}" for index in range(8))
    evidence = cast(Any, SimpleNamespace(class_names=names, label=label, answer=answer, class_count=8))
    assert "lowest recall" not in classes_section(evidence, None).html
    monkeypatch.setattr(classes, "MOST_LISTED", 3)
    html = classes_section(evidence, None).html
    assert [name for name in names if f'data-v="{name}"' in html] == ["name1", "name2", "name3"]
    assert "the 3 classes with the lowest recall, of 8" in html
