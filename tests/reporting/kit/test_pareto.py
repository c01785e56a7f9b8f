from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.reporting.kit.chart_shapes import Chart, Dot, Text
from sketchfit.reporting.kit.chart_text import text_width
from sketchfit.reporting.kit.pareto import Plotted, pareto_chart

TITLE = "minutes"


def chart(points: list[Plotted], name_all: bool = True) -> Chart:
    found = pareto_chart(points, "title", TITLE, name_all)
    assert found is not None
    return found


def names(found: Chart, points: list[Plotted]) -> list[Text]:
    starts = tuple(one.name[:3] for one in points)
    return [shape for shape in found.shapes if isinstance(shape, Text) and shape.text.startswith(starts)]


def test_a_point_that_another_one_beats_is_named_on_request() -> None:
    points = [Plotted("fast", 1, 0.5), Plotted("good", 10, 0.7), Plotted("beaten", 10, 0.4)]
    assert {text.text for text in names(chart(points), points)} == {"fast", "good", "beaten"}
    assert {text.text for text in names(chart(points, name_all=False), points)} == {"fast", "good"}
    assert [one.style for one in chart(points).legend] == ["s0", "s7"]
    assert [one.style for one in chart(points[:2]).legend] == ["s0"]


def test_a_name_that_is_too_long_is_cut_and_complete_on_hover() -> None:
    points = [Plotted("name " * 40, 1, 0.5), Plotted("other", 1, 0.2)]
    found = chart(points)
    assert any(text.text.endswith("…") for text in names(found, points))
    assert any("name " * 40 in shape.note for shape in found.shapes if isinstance(shape, Dot))


point = st.tuples(st.floats(0.01, 1000), st.floats(0, 1))


@settings(max_examples=50)
@given(st.lists(point, min_size=1, max_size=8))
def test_names_are_inside_the_chart_and_cover_no_other_name(drawn: list[tuple[float, float]]) -> None:
    points = [Plotted(f"run{k}" * (1 + 5 * k), x, y) for k, (x, y) in enumerate(drawn)]
    found = chart(points)
    boxes = []
    for text in names(found, points):
        width = text_width(text.text)
        left = text.x if text.anchor == "start" else text.x - width
        assert left >= 0
        assert left + width <= found.width
        boxes.append((left, text.y, left + width))
    for k, (left, y, right) in enumerate(boxes):
        assert not any(left < end and start < right and abs(y - at) < 9 for start, at, end in boxes[:k])


def test_without_points_there_is_no_chart() -> None:
    assert pareto_chart([], "title", TITLE) is None
