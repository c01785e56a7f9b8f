from __future__ import annotations

from xml.etree import ElementTree

from sketchfit.reporting.kit.chart_shapes import Chart
from sketchfit.reporting.kit.legends import LegendEntry, legend


def test_names_are_escaped_and_marks_look_like_their_series() -> None:
    html = legend([LegendEntry("<b> & c", "s0", "dashed"), LegendEntry("two", "s1")])
    first, second = ElementTree.fromstring(html).iter("li")
    assert "".join(first.itertext()) == "<b> & c"
    assert [mark.attrib["class"] for one in (first, second) for mark in one] == ["mark-dashed s0", "mark-line s1"]


def test_a_chart_without_a_legend_is_only_a_picture() -> None:
    assert "legend" not in Chart("", 10, 10, []).__html__()
    assert legend([]) == ""
    assert Chart("", 10, 10, [], [LegendEntry("one", "s0")]).__html__().endswith("one</li></ul>")
