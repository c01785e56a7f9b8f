"""The charts of a comparison: accuracies, differences, accuracy against time."""

from __future__ import annotations

from collections.abc import Sequence

from sketchfit.reporting.comparing.aligned import AlignedRuns
from sketchfit.reporting.comparing.costs import RunCost
from sketchfit.reporting.comparing.paired import RunComparison
from sketchfit.reporting.kit.chart_shapes import Chart
from sketchfit.reporting.kit.charts import whole_percent
from sketchfit.reporting.kit.formats import interval, percent, points, points_interval
from sketchfit.reporting.kit.interval_chart import ChartedInterval, in_points, interval_chart
from sketchfit.reporting.kit.legends import LegendEntry
from sketchfit.reporting.kit.pareto import Plotted, pareto_chart

_LEGEND = (
    LegendEntry("higher", "s2", "line"),
    LegendEntry("lower", "s6", "line"),
    LegendEntry("no difference shown", "s7", "line"),
)


def accuracy_chart(aligned: AlignedRuns) -> Chart | None:
    """Draw the accuracy of each run with its interval."""
    rows = [
        ChartedInterval(name, one.low, one.value, one.high, f"{percent(one.value)} ({interval(one)})")
        for name, one in zip(aligned.names, aligned.top1, strict=True)
    ]
    return interval_chart(rows, "accuracy of each run with its 95 % interval", "accuracy out of fold", whole_percent)


def difference_chart(comparisons: Sequence[RunComparison], base: str) -> Chart | None:
    """Draw the paired difference of each run with its interval; 0 is the base."""
    rows = [
        ChartedInterval(
            one.name,
            one.top1.low,
            one.top1.value,
            one.top1.high,
            f"{points(one.top1.value)} ({points_interval(one.top1)})",
            _style(one),
        )
        for one in comparisons
    ]
    title = f"difference in accuracy of each run from {base}, with its 95 % interval"
    return interval_chart(rows, title, "difference in accuracy, percentage points", in_points, True, _LEGEND)


def cost_charts(aligned: AlignedRuns, costs: Sequence[RunCost]) -> list[tuple[str, Chart]]:
    """Draw accuracy against time of training and against time per image, with a title each, where times are known."""
    training = [None if cost.training is None else cost.training / 60 for cost in costs]
    found = (
        ("Training", _cost_chart(aligned, training, "accuracy against training time", "minutes of training")),
        (
            "Prediction",
            _cost_chart(
                aligned,
                [cost.milliseconds for cost in costs],
                "accuracy against prediction time",
                "milliseconds per image, all networks and views",
            ),
        ),
    )
    return [(title, chart) for title, chart in found if chart is not None]


def _cost_chart(aligned: AlignedRuns, times: Sequence[float | None], title: str, x_title: str) -> Chart | None:
    named = zip(aligned.names, times, aligned.top1, strict=True)
    points = [Plotted(name, time, one.value) for name, time, one in named if time]
    return pareto_chart(points, title, x_title, name_all=True)


def _style(one: RunComparison) -> str:
    """Green and red only where the interval excludes 0; the figures next to the mark state the same."""
    return "s2" if one.top1.helps else "s6" if one.top1.hurts else "s7"
