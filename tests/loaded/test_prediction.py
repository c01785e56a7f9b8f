"""Predictions as Python objects, as a table and in a notebook."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sketchfit.inference.unknown import Rejection
from sketchfit.loaded.classes import ClassTexts
from sketchfit.loaded.prediction import ImagePredictions

PROBA = np.array([[0.2, 0.7, 0.1], [np.nan] * 3, [0.4, 0.2, 0.4]], np.float32)


@pytest.fixture
def found() -> ImagePredictions:
    classes = ClassTexts(("7", "8", "9"), ("cat", "<dog>", "owl"))
    return ImagePredictions(["a.png", "b.png", "#2"], PROBA, ["", "file does not exist", ""], classes)


def test_one_prediction(found: ImagePredictions) -> None:
    first = found[0]
    assert (first.image, first.label, first.name, first.index, first.error) == ("a.png", "8", "<dog>", 1, "")
    assert first.probability == pytest.approx(0.7)
    assert [(one.label, round(one.probability, 3)) for one in first.top] == [("8", 0.7), ("7", 0.2), ("9", 0.1)]
    assert str(first) == "a.png: <dog> 70.0 %"


def test_an_image_that_could_not_be_read_has_no_class(found: ImagePredictions) -> None:
    second = found[1]
    assert (second.label, second.name, second.index, second.top) == ("", "", -1, ())
    assert math.isnan(second.probability)
    assert str(second) == "b.png: file does not exist"


def test_rejected_images_have_no_class_but_keep_the_most_probable_ones(found: ImagePredictions) -> None:
    rejection = Rejection.at(np.array([0.04, np.nan, 0.6]), 0.05)
    rejecting = ImagePredictions(found.images, PROBA, found.errors, found.classes, rejection)
    first, second, third = rejecting
    assert (first.label, first.name, first.index, first.unknown, first.p_value) == (
        "unknown",
        "unknown",
        -1,
        True,
        0.04,
    )
    assert math.isnan(first.probability)
    assert first.top[0].label == "8"
    assert str(first) == "a.png: unknown"
    assert (second.unknown, second.p_value, second.error) == (False, None, "file does not exist")
    assert (third.label, third.unknown, third.p_value) == ("7", False, 0.6)
    assert rejecting[2:][0] == third
    assert rejecting.to_pandas()["label"].tolist() == ["unknown", "", "7"]
    assert "unknown" in rejecting._repr_html_()
    assert found[0].p_value is None


def test_of_equal_classes_the_first_is_predicted(found: ImagePredictions) -> None:
    assert found.labels == ["8", "", "7"]


def test_parts_of_the_predictions(found: ImagePredictions) -> None:
    assert [one.image for one in found[1:]] == ["b.png", "#2"]
    assert found[-1] == found[2]
    assert len(found[:0]) == 0
    with pytest.raises(IndexError):
        found[3]


def test_the_table_is_that_of_the_command(found: ImagePredictions) -> None:
    table = found.to_pandas()
    assert table["label"].tolist() == ["8", "", "7"]
    assert table["error"].tolist() == ["", "file does not exist", ""]
    assert list(table.columns[:5]) == ["image", "label", "index", "name", "probability"]


def test_names_are_escaped_in_a_notebook(found: ImagePredictions) -> None:
    shown = found._repr_html_()
    assert "&lt;dog&gt;" in shown
    assert "<dog>" not in shown
    assert shown.count("<tr>") == 4


def test_more_images_than_are_shown() -> None:
    many = ImagePredictions(["a"] * 30, np.full((30, 1), 1, np.float32), [""] * 30, ClassTexts(("0",), ("cat",)))
    assert repr(many).count("\n") == 20
    assert many._repr_html_().count("<tr>") == 21
