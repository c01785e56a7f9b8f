from __future__ import annotations

from sketchfit.reporting.comparing.charts import accuracy_chart, cost_charts, difference_chart
from sketchfit.reporting.comparing.costs import RunCost
from sketchfit.reporting.comparing.paired import PairedRuns
from sketchfit.reporting.kit.chart_shapes import Chart, Dot, Text
from tests.reporting.comparing.by_hand import by_hand

RUNS = by_hand("1100", "1111", "0000")


def texts(chart: Chart | None) -> list[str]:
    assert chart is not None
    return [shape.text for shape in chart.shapes if isinstance(shape, Text)]


def test_each_run_has_its_accuracy_and_the_axis_a_title() -> None:
    found = texts(accuracy_chart(RUNS))
    assert {"a", "b", "c"} <= set(found)
    assert any(text.startswith("50.0 %") for text in found)
    assert any("accuracy" in text for text in found)


def test_differences_are_in_points() -> None:
    found = texts(difference_chart(PairedRuns.of(RUNS).against(0), "a"))
    assert {text.split()[0] for text in found if "(" in text} == {"+50.0", "−50.0"}
    assert "0" in found


def test_runs_of_unknown_cost_are_left_out() -> None:
    costs = [RunCost(2, 60.0, 5.0), RunCost(2, 600.0), RunCost(0, None)]
    (first, training), (second, prediction) = cost_charts(RUNS, costs)
    assert (first, second) == ("Training", "Prediction")
    assert sum(isinstance(shape, Dot) for shape in training.shapes) == 2
    assert sum(isinstance(shape, Dot) for shape in prediction.shapes) == 1
    assert cost_charts(RUNS, [RunCost(0, None)] * 3) == []
