"""Charts of a plan: when each unit ran, and what was submitted when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sketchfit.reporting.kit.chart_shapes import Box, Chart, Dot, Line, Shape, Text
from sketchfit.reporting.kit.chart_text import text_width
from sketchfit.reporting.kit.charts import Axis, Frame, whole_percent
from sketchfit.reporting.kit.formats import number
from sketchfit.reporting.kit.legends import LegendEntry
from sketchfit.runs.artefacts import PlannedUnit, RunPlan
from sketchfit.tracking.console import duration

_ROW, _BAR, _TOP, _FOOT, _SIDE, _WIDTH = 32, 9, 12, 40, 14, 400

_STYLES = {"done": "s0", "started": "s1", "dropped": "s6", "failed": "s6", "waiting": "dim"}
"""Style of a bar by status of its unit."""

_REQUEST = LegendEntry("time of the request", "s6", "dashed")

_Place = Callable[[float], float]
"""Seconds to the horizontal position in the chart."""


@dataclass(frozen=True)
class TimeUnit:
    """The unit of a time axis: its name, and its length in seconds."""

    name: str
    seconds: float

    @classmethod
    def of(cls, seconds: float) -> TimeUnit:
        """Return the unit for times of up to so many seconds."""
        if seconds <= 180:
            return cls("seconds", 1.0)
        return cls("minutes", 60.0) if seconds <= 3 * 3600 else cls("hours", 3600.0)


def last_time(plan: RunPlan, used: float) -> float:
    """Return the end of the time axis in seconds: the time of the request, or what was used."""
    planned = [one.started_at + one.estimated for one in begun(plan) if one.started_at is not None]
    return max([plan.seconds, used, *planned]) or 1.0


def begun(plan: RunPlan) -> list[PlannedUnit]:
    """Return the units that were started, in the order in which they were."""
    return sorted((one for one in plan.units if one.started_at is not None), key=lambda one: one.started_at or 0.0)


def timeline_chart(plan: RunPlan, used: float) -> Chart | None:
    """Draw a row per unit that was started: the time that was estimated as a pale bar, the actual time over it.

    Args:
        plan: of the run.
        used: seconds of working time so far, the end of units that are running.

    Returns:
        None where no unit was started.
    """
    rows = begun(plan)
    if not rows:
        return None
    unit = TimeUnit.of(plan.seconds)
    axis = Axis(0.0, last_time(plan, used) * 1.03 / unit.seconds, f"{unit.name} since the start", number)
    height = _TOP + _ROW * len(rows) + _FOOT
    bottom = height - _FOOT

    def at(seconds: float) -> float:
        return _SIDE + axis.place(seconds / unit.seconds) * (_WIDTH - 2 * _SIDE)

    shapes: list[Shape] = []
    for value in axis.ticks():
        x = at(value * unit.seconds)
        shapes += [Line([(x, _TOP), (x, bottom)], "grid"), Text(x, bottom + 15, axis.write(value))]
    shapes.append(Text(_WIDTH / 2, height - 6, axis.title))
    for place, one in enumerate(rows):
        shapes += _row(one, _TOP + _ROW * place, at, used)
    shapes.append(Line([(at(plan.seconds), _TOP), (at(plan.seconds), bottom)], "s6 dashed", "the time of the request"))
    return Chart("time of each unit", _WIDTH, height, shapes, _timeline_legend(rows))


def _timeline_legend(rows: Sequence[PlannedUnit]) -> list[LegendEntry]:
    """Name the statuses that occur, those of one colour together."""
    names: dict[str, list[str]] = {}
    for status, style in _STYLES.items():
        if any(one.status == status for one in rows):
            names.setdefault(style, []).append(status)
    entries = [LegendEntry(" or ".join(found), style, "box") for style, found in names.items()]
    return [*entries, LegendEntry("estimated", "dim", "pale"), _REQUEST]


def _row(one: PlannedUnit, top: float, at: _Place, used: float) -> list[Shape]:
    """Draw the name of a unit over its bars, further to the left where it would not fit."""
    start = one.started_at or 0.0
    end = one.ended_at if one.ended_at is not None else max(start, used)
    note = f"{one.key}: {one.status}, estimated {duration(one.estimated)}, {duration(end - start)} so far"
    if one.actual is not None:
        note = f"{one.key}: {one.status}, estimated {duration(one.estimated)}, took {duration(one.actual)}"
    bar, style = top + _ROW - _BAR - 6, _STYLES[one.status]
    planned, actual = at(start + one.estimated), at(end)
    left = max(_SIDE, min(at(start), _WIDTH - _SIDE - text_width(one.key)))
    return [
        Box(at(start), bar - 3, max(planned - at(start), 1.0), _BAR + 6, f"{style} area", note),
        Box(at(start), bar, max(actual - at(start), 1.0), _BAR, style, note),
        Text(left, top + 11, one.key, "start"),
    ]


def answers_chart(plan: RunPlan, used: float) -> Chart | None:
    """Draw the out-of-fold accuracy of each answer with its interval, and the accuracy that was expected at the end.

    Args:
        plan: of the run.
        used: seconds of working time so far.

    Returns:
        None where there is no answer yet.
    """
    if not plan.answers:
        return None
    unit, expected = TimeUnit.of(plan.seconds), plan.expected
    ends = [end for one in plan.answers for end in (one.top1.low, one.top1.high)]
    ends += [expected.low, expected.high] if expected else []
    end = last_time(plan, used)
    frame = Frame(
        Axis(0.0, end * 1.03 / unit.seconds, f"{unit.name} since the start"),
        Axis.around(ends, "top-1 out of fold", whole_percent),
    )
    shapes: list[Shape] = []
    if expected is not None:
        shapes += _expected(frame, expected.value, (expected.low, expected.high), end / unit.seconds)
    points = [(one.at / unit.seconds, one.top1.value) for one in plan.answers]
    shapes.append(Line([frame.at(x, y) for x, y in _steps(points, end / unit.seconds)], "s0"))
    for one, (x, y) in zip(plan.answers, points, strict=True):
        note = f"after {duration(one.at)}: {one.top1}, {one.networks} networks"
        shapes.append(Line([frame.at(x, one.top1.low), frame.at(x, one.top1.high)], "s0 thin", note))
        shapes.append(Dot(*frame.at(x, y), 3, "s0", note))
    deadline = plan.seconds / unit.seconds
    shapes.append(Line([frame.at(deadline, frame.y.low), frame.at(deadline, frame.y.high)], "s6 dashed"))
    entries = [LegendEntry("measured, with its interval", "s0"), _REQUEST]
    if expected is not None:
        entries.insert(1, LegendEntry("expected at the end", "s1", "pale"))
    return frame.chart("accuracy of each answer", shapes, entries)


def _expected(frame: Frame, value: float, ends: tuple[float, float], last: float) -> list[Shape]:
    """Draw a band for an interval, and a line for the value."""
    left, top = frame.at(0.0, ends[1])
    right, bottom = frame.at(last, ends[0])
    note = f"expected at the end: {100 * value:.1f} % ({100 * ends[0]:.1f}–{100 * ends[1]:.1f})"
    return [
        Box(left, top, right - left, max(bottom - top, 1.0), "s1 area", note),
        Line([frame.at(0.0, value), frame.at(last, value)], "s1 dashed", note),
    ]


def _steps(points: Sequence[tuple[float, float]], last: float) -> list[tuple[float, float]]:
    """Return the corners of a curve that keeps each value until the next."""
    corners: list[tuple[float, float]] = []
    for x, y in points:
        if corners:
            corners.append((x, corners[-1][1]))
        corners.append((x, y))
    return [*corners, (max(last, corners[-1][0]), corners[-1][1])]
