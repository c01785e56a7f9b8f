"""The page of `sketchfit ablate`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sketchfit.reporting.ablation import NOTE, AblationRow
from sketchfit.reporting.kit.chart_shapes import Chart
from sketchfit.reporting.kit.formats import points, points_interval
from sketchfit.reporting.kit.interval_chart import ChartedInterval, in_points, interval_chart
from sketchfit.reporting.kit.legends import LegendEntry
from sketchfit.reporting.kit.page import render
from sketchfit.reporting.kit.pareto import Plotted, pareto_chart
from sketchfit.reporting.site.run_facts import RunFacts
from sketchfit.wording import counted, listed

_STYLES = {"better": "s2", "worse": "s6", "within noise": "s7"}


def ablation_page(rows: Sequence[AblationRow], title: str, facts: RunFacts) -> str:
    """Render the page.

    Args:
        rows: of the table, the base first.
        title: of the page.
        facts: for the head of the page.
    """
    base, *variants = rows
    charts = (
        ("Training", _times(rows, "accuracy against training time", "minutes per training", _minutes)),
        (
            "Prediction",
            _times(
                rows,
                "accuracy against prediction time",
                "milliseconds per image, one network",
                lambda row: row.milliseconds,
            ),
        ),
    )
    return render(
        "ablation",
        title=title,
        facts=facts,
        note=NOTE,
        base=base,
        rows=rows,
        summary=_summary(variants),
        differences=_differences(variants),
        charts=[(name, chart) for name, chart in charts if chart is not None],
        timed=any(row.milliseconds is not None for row in rows),
    )


def _summary(variants: Sequence[AblationRow]) -> list[tuple[str, str]]:
    """Return which variants are better or worse than the base, and how many are neither: a heading and a text each."""
    names = {verdict: [row.name for row in variants if row.verdict == verdict] for verdict in _STYLES}
    found = [
        (f"{verdict.capitalize()} than the base:", f"{listed(names[verdict])}.")
        for verdict in ("better", "worse")
        if names[verdict]
    ]
    if names["within noise"]:
        found.append(("No difference is shown", f"for {counted(len(names['within noise']), 'variant')}."))
    return found


def _differences(variants: Sequence[AblationRow]) -> Chart | None:
    rows = [
        ChartedInterval(
            row.name,
            row.difference.low,
            row.difference.value,
            row.difference.high,
            f"{points(row.difference.value)} ({points_interval(row.difference)})",
            _STYLES.get(row.verdict, "s7"),
        )
        for row in variants
        if row.difference is not None
    ]
    legend = [LegendEntry(verdict, style) for verdict, style in _STYLES.items()]
    title = "difference in accuracy of each variant from the base, with its 95 % interval"
    return interval_chart(rows, title, "difference in accuracy, percentage points", in_points, True, legend)


def _times(
    rows: Sequence[AblationRow], title: str, x_title: str, time: Callable[[AblationRow], float | None]
) -> Chart | None:
    plotted = [Plotted(row.name, x, row.top1.value) for row in rows if (x := time(row))]
    return pareto_chart(plotted, title, x_title, name_all=True)


def _minutes(row: AblationRow) -> float:
    return row.seconds / max(len(row.by_seed), 1) / 60
