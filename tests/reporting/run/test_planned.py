"""Section "Plan": times, answers, what was dropped, and runs without a plan."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sketchfit.reporting.kit.chart_shapes import Box, Line, Text
from sketchfit.reporting.run.plan_charts import TimeUnit, answers_chart, begun, timeline_chart
from sketchfit.reporting.run.planned import plan_section, unit_lines, used_seconds
from sketchfit.reporting.run.run_report import write_report
from sketchfit.runs.artefacts import (
    PlanAnswer,
    PlanDecision,
    PlanExpectation,
    PlannedUnit,
    RunClock,
    RunPlan,
)
from sketchfit.runs.estimates import Estimate
from sketchfit.runs.run import Run

SMALL = {"key": "small", "kind": "bank", "member": "small", "status": "done", "estimated": 40, "gain": 0.4}
NET = {"kind": "network", "member": "net", "epochs": 6}
UNITS = tuple(
    PlannedUnit.model_validate(one)
    for one in (
        SMALL | {"actual": 30, "started_at": 20, "ended_at": 50},
        NET | {"key": "net/fold1", "fold": 1, "estimated": 300},
        NET
        | {"key": "net/fold0", "fold": 0, "status": "dropped", "estimated": 200, "actual": 100}
        | {"started_at": 50, "ended_at": 150, "reason": "it would have ended after <700 s>"},
    )
)
ANSWERS = (
    PlanAnswer(at=60, top1=Estimate(0.4, 0.35, 0.45, 120), networks=5, members=("small",)),
    PlanAnswer(at=500, top1=Estimate(0.5, 0.45, 0.55, 120), networks=6, members=("small", "net")),
)


def made(**fields: object) -> RunPlan:
    given = {"seconds": 600.0, "units": UNITS, "answers": ANSWERS} | fields
    return RunPlan.model_validate(given)


def test_units_are_listed_by_their_start_with_the_ratio_of_their_times() -> None:
    lines = unit_lines(made())
    assert [one.unit.key for one in lines] == ["small", "net/fold0", "net/fold1"]
    assert [one.ratio for one in lines] == [0.75, None, None]
    assert lines[0].fewer_errors == pytest.approx(0.3297, abs=1e-4)  # 1 - exp(-0.4)
    assert [one.key for one in begun(made())] == ["small", "net/fold0"]


@pytest.mark.parametrize(
    ("finished", "clock", "used"), [(590.0, 595.0, 590.0), (None, 550.0, 550.0), (None, None, 500.0)]
)
def test_the_time_used_is_the_last_that_is_known(finished: float | None, clock: float | None, used: float) -> None:
    assert used_seconds(made(finished_at=finished), None if clock is None else RunClock(used=clock)) == used


@pytest.mark.parametrize(
    ("seconds", "name"), [(90, "seconds"), (180, "seconds"), (181, "minutes"), (10_800, "minutes"), (30_600, "hours")]
)
def test_the_time_axis_has_few_digits(seconds: float, name: str) -> None:
    assert TimeUnit.of(seconds).name == name


def test_bars_begin_where_units_began_and_are_as_long_as_they_took() -> None:
    chart = timeline_chart(made(), used=560.0)
    assert chart is not None
    small, actual, _, dropped = (shape for shape in chart.shapes if isinstance(shape, Box))
    assert small.x == actual.x
    assert actual.width == pytest.approx(small.width * 30 / 40)
    assert dropped.width == pytest.approx(actual.width * 100 / 30)
    assert dropped.x == pytest.approx(actual.x + actual.width)
    names = [shape for shape in chart.shapes if isinstance(shape, Text) and "fold" in shape.text]
    assert [one.text for one in names] == ["net/fold0"]
    assert names[0].x == dropped.x
    assert [one.name for one in chart.legend] == ["done", "dropped", "estimated", "time of the request"]


def test_long_names_are_inside_the_chart() -> None:
    late = UNITS[0].model_copy(update={"key": "n" * 60, "started_at": 590.0, "ended_at": 599.0})
    chart = timeline_chart(made(units=(late,)), used=599.0)
    assert chart is not None
    name = next(shape for shape in chart.shapes if isinstance(shape, Text) and shape.text == late.key)
    bar = next(shape for shape in chart.shapes if isinstance(shape, Box))
    assert 0 < name.x < bar.x
    assert name.x + 6 * len(late.key) < chart.width


def test_a_running_unit_lasts_until_now() -> None:
    running = UNITS[0].model_copy(update={"status": "started", "actual": None, "ended_at": None, "started_at": 0.0})
    chart = timeline_chart(made(units=(running,)), used=80.0)
    assert chart is not None
    planned, actual = (shape for shape in chart.shapes if isinstance(shape, Box))
    assert actual.width == pytest.approx(2 * planned.width)


def test_an_answer_stays_until_the_next() -> None:
    chart = answers_chart(made(expected=PlanExpectation(value=0.52, low=0.47, high=0.57)), used=560.0)
    assert chart is not None
    steps = next(one for one in chart.shapes if isinstance(one, Line) and one.style == "s0").points
    assert [one[1] for one in steps] == sorted((one[1] for one in steps), reverse=True)
    assert steps[0][1] == steps[1][1] > steps[2][1] == steps[3][1]
    assert steps[1][0] == steps[2][0]
    assert sum(isinstance(one, Box) for one in chart.shapes) == 1


def test_a_plan_that_has_just_begun_has_no_charts(make_run: Callable[..., Path]) -> None:
    run = make_run()
    RunPlan(seconds=90.0).write(run)
    section = plan_section(Run.open(run))
    assert section is not None
    assert "<svg" not in section.html


def test_the_report_shows_what_was_dropped_decided_and_left_out(make_run: Callable[..., Path]) -> None:
    run = make_run()
    plan = made(
        decisions=(PlanDecision(at=151.0, text="net/fold0 is dropped"),),
        left_out=("the report on robustness",),
        measurements={"decoding, images per second": 412.3},
        expected=PlanExpectation(value=0.52, low=0.47, high=0.57),
        finished_at=588.0,
    )
    plan.write(run)
    text = write_report(run).read_text(encoding="utf-8")
    for part in (
        "it would have ended after &lt;700 s&gt;",
        "net/fold0 is dropped",
        "the report on robustness",
        "98 % of it",
    ):
        assert part in text
    for part in ("52.0 %", "47.0–57.0", "10 min 00 s", "412", "10 % of the time", 'href="#plan"'):
        assert part in text


def test_a_run_without_a_deadline_has_no_plan(make_run: Callable[..., Path]) -> None:
    assert plan_section(Run.open(make_run())) is None
