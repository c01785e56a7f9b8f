from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.inference.calibration import Reliability
from sketchfit.reporting.kit.chart_shapes import Dot, Line, Text
from sketchfit.reporting.kit.charts import (
    Axis,
    Frame,
    Series,
    epoch_chart,
    histogram,
    percent_axis,
    reliability_chart,
    ticks,
)

LOSS = Axis(0.0, 1.0, "loss")


def test_points_that_are_not_finite_are_left_out() -> None:
    nan = float("nan")
    series = [Series("a <b>", [1, 2, 3], [0.5, nan, 0.7], 1), Series("empty", [1], [nan])]
    chart = epoch_chart(series, "title", LOSS)
    assert chart is not None
    assert len([shape for shape in chart.shapes if isinstance(shape, Dot)]) == 2
    assert "a &lt;b&gt;" in str(chart.__html__())
    assert [one.name for one in chart.legend] == ["a <b>"]
    assert epoch_chart(series[1:], "title", LOSS) is None


def test_curves_of_a_group_share_an_entry_of_the_legend() -> None:
    series = [Series(f"net/fold{k}", [1, 2], [0.1, 0.2], 0, group="net") for k in range(5)]
    chart = epoch_chart([*series, Series("other", [1], [0.5], 1)], "", LOSS)
    assert chart is not None
    assert [one.name for one in chart.legend] == ["net", "other"]


def test_long_curves_have_no_dots() -> None:
    chart = epoch_chart([Series("a", list(range(100)), [0.5] * 100)], "", LOSS)
    assert chart is not None
    assert not any(isinstance(shape, Dot) for shape in chart.shapes)


@given(st.lists(st.floats(0, 1), min_size=1), st.integers(1, 400))
def test_axes_of_shares_and_epochs_hold_their_values(shares: list[float], epochs: int) -> None:
    axis = percent_axis(shares, "")
    assert 0 <= axis.low < axis.high <= 1
    assert all(0 <= axis.place(share) <= 1 for share in shares)
    whole = Axis.around([1, epochs], "", integers=True)
    assert whole.ticks()
    assert all(tick == int(tick) and 1 <= tick <= epochs for tick in whole.ticks())


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.2, 0.21), (-3, 1e6), (1e-9, 2e-9)])
def test_ticks_are_inside_the_range_and_evenly_spaced(low: float, high: float) -> None:
    found = ticks(low, high)
    assert 2 <= len(found) <= 6
    assert low - 1e-9 * abs(high) <= found[0]
    assert found[-1] <= high * (1 + 1e-9)
    assert np.diff(found) == pytest.approx([found[1] - found[0]] * (len(found) - 1))


def test_an_axis_of_one_value_has_a_width() -> None:
    for value in (0.0, 3.0, -2.0):
        axis = Axis.around([value, value], "")
        assert 0 < axis.place(value) < 1


def test_a_logarithmic_axis_has_ticks_at_powers_of_ten() -> None:
    axis = Axis(1e-5, 1e-1, "", logarithmic=True)
    assert axis.place(1e-3) == pytest.approx(0.5)
    assert axis.ticks() == pytest.approx([1e-5, 1e-4, 1e-3, 1e-2, 1e-1])


def test_the_reliability_diagram_has_a_dot_per_used_bin() -> None:
    diagram = Reliability(
        np.array([0.6, 0.9]), np.array([1.0, 0.5]), np.array([0.2, 0.1]), np.array([1.0, 0.9]), np.array([1, 2])
    )
    chart = reliability_chart({"one": diagram}, "reliability")
    assert [shape.note for shape in chart.shapes if isinstance(shape, Dot)] == [
        "one: confidence 0.60, right 1.00, 1 drawing",
        "one: confidence 0.90, right 0.50, 2 drawings",
    ]
    assert [one.mark for one in chart.legend] == ["line", "dashed"]


def test_a_histogram_has_a_step_line_per_name() -> None:
    chart = histogram({"a": np.array([0.1, 0.9]), "b": np.zeros(0)}, "title", "confidence", bins=4)
    lines = [shape for shape in chart.shapes if isinstance(shape, Line) and shape.note]
    assert [line.note for line in lines] == ["a", "b"]
    assert len(lines[0].points) == 2 * 4 + 2
    assert [(one.name, one.mark) for one in chart.legend] == [("a", "line"), ("b", "dashed")]


def test_labels_of_ticks_do_not_cover_the_title_of_the_axis() -> None:
    frame = Frame(Axis(0.0, 1.0, ""), Axis(0.0, 2e-4, "learning rate"))
    chart = frame.chart("", [])
    title = next(shape for shape in chart.shapes if isinstance(shape, Text) and not shape.upright)
    labels = [shape for shape in chart.shapes if isinstance(shape, Text) and shape.anchor == "end"]
    assert "0.00015" in [label.text for label in labels]
    assert all(label.x - 6 * len(label.text) > title.x + 2 for label in labels)
    assert frame.at(0, 0)[0] < frame.at(1, 0)[0] < chart.width
