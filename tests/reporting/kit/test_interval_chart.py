from __future__ import annotations

from xml.etree import ElementTree

import pytest

from sketchfit.reporting.kit.chart_shapes import Chart, Dot, Line, Text
from sketchfit.reporting.kit.charts import whole_percent
from sketchfit.reporting.kit.interval_chart import ChartedInterval, interval_chart
from sketchfit.reporting.kit.legends import LegendEntry


def chart(rows: list[ChartedInterval], zero: bool = False) -> Chart:
    found = interval_chart(rows, "title", "axis", whole_percent, zero)
    assert found is not None
    return found


def test_intervals_are_in_order_and_to_scale() -> None:
    found = chart([ChartedInterval("a", 0.1, 0.2, 0.3, "20"), ChartedInterval("b", 0.3, 0.4, 0.5, "40", "s1")])
    first, second = (shape for shape in found.shapes if isinstance(shape, Dot))
    assert first.y < second.y < found.height
    spans = [shape.points for shape in found.shapes if isinstance(shape, Line) and shape.note]
    (low, _), (high, _) = spans[0]
    assert first.x == pytest.approx((low + high) / 2)
    assert second.x - first.x == pytest.approx(high - low)
    assert spans[1][0][0] == pytest.approx(high)


def test_zero_is_on_the_axis_where_it_is_wanted() -> None:
    rows = [ChartedInterval("a", 0.1, 0.2, 0.3, "20")]
    dashed = [shape for shape in chart(rows, zero=True).shapes if isinstance(shape, Line) and "dashed" in shape.style]
    assert len(dashed) == 1
    assert not any("dashed" in shape.style for shape in chart(rows).shapes if isinstance(shape, Line))


def test_the_legend_has_the_styles_of_the_rows() -> None:
    legend = [LegendEntry("first", "s0"), LegendEntry("unused", "s6")]
    found = interval_chart([ChartedInterval("a", 0.1, 0.2, 0.3, "20")], "title", "axis", whole_percent, legend=legend)
    assert found is not None
    assert list(found.legend) == legend[:1]


def test_long_names_are_cut_and_complete_on_hover() -> None:
    name = "x" * 200
    found = chart([ChartedInterval(name, 0.0, 0.0, 0.0, "0.0 (0.0–0.0)")])
    assert not any(shape.text == name for shape in found.shapes if isinstance(shape, Text))
    assert any(name in shape.note for shape in found.shapes if isinstance(shape, Dot))
    assert ElementTree.fromstring(found.__html__()).tag == "svg"


def test_without_rows_there_is_no_chart() -> None:
    assert interval_chart([], "title", "axis", whole_percent) is None
