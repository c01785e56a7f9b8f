from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from sketchfit.inference.intervals import Estimate
from sketchfit.reporting.kit.chart_shapes import Box, Text
from sketchfit.reporting.kit.histograms import count_histogram, share_bar, trait_histogram


def test_few_whole_numbers_have_one_bar_each() -> None:
    chart = trait_histogram(np.array([1.0] * 30 + [2.0] * 60 + [3.0] * 30), np.zeros(0), "drawings")
    assert chart is not None
    first, second, third = (shape.height for shape in chart.shapes if isinstance(shape, Box))
    assert first == pytest.approx(second / 2, abs=0.2)
    assert first == third


@pytest.mark.parametrize("values", [[0.0], [5.0] * 9, [1e-9, 1e9], [0.5, 0.25, 0.125], list(range(1000)), [-3.5, 2.25]])
def test_charts_of_any_values_are_well_formed(values: list[float]) -> None:
    some = np.array(values, dtype=np.float64)
    for train, test in ((some, some), (some, some[:0]), (some[:0], some)):
        svg = str(trait_histogram(train, test, "a < b").__html__())
        assert "nan" not in svg.lower()
        assert ElementTree.fromstring(svg.partition("<ul")[0]).attrib["aria-label"] == "a < b"


def test_class_sizes_are_counted() -> None:
    chart = count_histogram(np.array([3, 3, 5]), "sizes")
    assert chart is not None
    assert [shape.note for shape in chart.shapes if isinstance(shape, Box)] == ["3: 2", "5: 1"]


def test_no_values_give_no_chart() -> None:
    assert count_histogram(np.zeros(0, np.int64), "") is None
    assert trait_histogram(np.zeros(0), np.zeros(0), "") is None


def test_bars_mark_value_and_interval() -> None:
    span, mark = ElementTree.fromstring(share_bar(Estimate(0.5, 0.4, 0.7, 10))).iter("rect")
    assert (float(span.attrib["x"]), float(span.attrib["width"])) == (40.0, 30.0)
    assert float(mark.attrib["x"]) == pytest.approx(49.2)


def test_histograms_have_titles_of_axes_and_a_legend() -> None:
    values = np.array([1.0] * 30 + [2.0] * 60 + [3.0] * 30)
    both = trait_histogram(values, values, "Line width", "pixels")
    assert both is not None
    texts = [shape.text for shape in both.shapes if isinstance(shape, Text)]
    assert {"Line width, pixels", "share of images", "50 %", "0", "1", "3"} <= set(texts)
    assert [one.name for one in both.legend] == ["training images", "test images"]
    training = trait_histogram(values, np.zeros(0), "Line width")
    assert training is not None
    assert [one.name for one in training.legend] == ["training images"]
    same = trait_histogram(np.full(9, 140.0), np.zeros(0), "")
    assert same is not None
    assert "100 %" in [shape.text for shape in same.shapes if isinstance(shape, Text)]
    sizes = count_histogram(np.array([3, 3, 5]), "sizes")
    assert sizes is not None
    assert {"images per class", "classes", "2"} <= {shape.text for shape in sizes.shapes if isinstance(shape, Text)}


@pytest.mark.parametrize("values", [np.arange(1000.0), np.array([1.0, 2, 2]), np.geomspace(1e-3, 1e6, 50)])
def test_bars_are_to_the_right_of_the_axis(values: np.ndarray) -> None:
    chart = trait_histogram(values, np.zeros(0), "")
    assert chart is not None
    titles = [shape.x for shape in chart.shapes if isinstance(shape, Text) and shape.anchor == "end" and shape.x < 60]
    bars = [shape for shape in chart.shapes if isinstance(shape, Box)]
    assert max(titles) < min(bar.x for bar in bars)
    assert max(bar.x + bar.width for bar in bars) <= chart.width
