"""The table of predictions is the same as CSV without pandas, as a table of pandas, and as its CSV."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from sketchfit.inference.prediction_table import PredictionTable, prediction_columns
from sketchfit.inference.unknown import Rejection


@dataclass(frozen=True)
class _Classes:
    class_labels: tuple[str, ...] = ("0", "1", "2")
    class_names: tuple[str, ...] = ('a "cat"', "dog, small", "Föhre\nand fir")


@pytest.fixture
def table() -> PredictionTable:
    prob = np.array([[0.2, 0.7, 0.1], [1e-6, 1e-5, 1 - 1.1e-5], [np.nan] * 3, [1 / 3] * 3], np.float32)
    rejection = Rejection(np.array([0.5, 0.25, np.nan, 0.012345678]), np.array([False, False, False, True]))
    inside = prob > 0.15
    columns = prediction_columns(
        ["a.png", "b,c.png", "", "d.png"], prob, ["", "", "file is empty", ""], _Classes(), inside, rejection
    )
    return PredictionTable(columns, ("one note",), compared_with="4 images")


def test_its_csv_is_that_of_pandas(table: PredictionTable) -> None:
    assert table.csv() == table.frame().to_csv(index=False, lineterminator="\n")


def test_unreadable_and_unknown_images_have_no_class(table: PredictionTable) -> None:
    frame = table.frame()
    assert frame["label"].tolist() == ["1", "2", "", "unknown"]
    assert frame["index"].isna().tolist() == [False, False, True, True]
    assert frame["set"].tolist() == ['["1", "0"]', '["2"]', "", '["0", "1", "2"]']
    assert frame["p_value"].fillna(-1).tolist() == [0.5, 0.25, -1, 0.012346]
    assert frame.attrs == {
        "notes": ("one note",), "accuracy": None, "contradicts": None, "compared_with": "4 images",
    }  # fmt: skip
