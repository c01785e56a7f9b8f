"""Section "Training": the curves of each network, of all networks together, and where the time went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.kit.chart_shapes import Chart
from sketchfit.reporting.kit.charts import COLOURS, Axis, Series, epoch_chart, percent_axis
from sketchfit.reporting.kit.formats import MISSING, percent
from sketchfit.reporting.run.page_section import PageSection, page_section

Histories = Mapping[str, pd.DataFrame]
"""The history of each network, by `member/foldK`."""

_ACCURACIES = (("train_accuracy", "training", True), ("valid_accuracy", "validation", False))
"""Column of the history, name in the legend, whether its line is dashed."""

_SMALL = 300, 200
"""Width and height of the chart of a network; several are next to each other."""

_SHARED = (
    ("train_loss", "training loss", "Loss on training drawings, augmented."),
    ("lr", "learning rate", "Learning rate at the end of each epoch."),
)
"""Column of the history, title of the y axis, caption."""


@dataclass(frozen=True)
class TrainedNetwork:
    """A line of the table of networks, with its last figures; None where one is missing."""

    name: str
    epochs: int
    seconds: float
    images_per_second: float | None
    loss: float | None
    accuracy: float | None


@dataclass(frozen=True)
class MemberCurves:
    """The charts of a member's networks, as pairs of name (`fold0`) and chart."""

    member: str
    folds: tuple[tuple[str, Chart], ...]


def training_section(evidence: Evidence, stages: Mapping[str, float] | None) -> PageSection:
    """Render the curves and the table of networks.

    Args:
        evidence: the run.
        stages: seconds per stage, where they are known; short ones are left out.
    """
    histories = evidence.run.histories
    return page_section(
        "training",
        "Training",
        members=accuracy_charts(histories),
        charts=shared_charts(histories),
        networks=trained_networks(evidence),
        stages=[(name, seconds) for name, seconds in (stages or {}).items() if seconds >= 0.5],
    )


def accuracy_charts(histories: Histories) -> list[MemberCurves]:
    """Draw training and validation accuracy of each network in one chart, all with the same axis of accuracy."""
    known = [value for frame in histories.values() for column, *_ in _ACCURACIES for value in _values(frame, column)]
    if not known:
        return []
    axis = percent_axis(known, "top-1")
    by_member: dict[str, list[tuple[str, Chart]]] = {}
    for name, frame in histories.items():
        member, _, fold = name.rpartition("/")
        if (chart := _accuracy_chart(name, frame, axis)) is not None:
            by_member.setdefault(member, []).append((fold, chart))
    return [MemberCurves(member, tuple(folds)) for member, folds in by_member.items()]


def shared_charts(histories: Histories) -> list[tuple[Chart, str]]:
    """Draw what has one curve per network: (chart, caption).

    Members have a colour each, and then dashes too; so have the folds of the only member.
    """
    members = list(dict.fromkeys(name.rpartition("/")[0] for name in histories))
    one_each = {name: name.rpartition("/")[0 if len(members) > 1 else 2] for name in histories}
    groups = list(dict.fromkeys(one_each.values()))
    charts = []
    for column, title, caption in _SHARED:
        series = [
            Series(name, *_curve(frame, column), place, place >= COLOURS, groups[place])
            for name, frame in histories.items()
            if column in frame and (place := groups.index(one_each[name])) >= 0
        ]
        values = [value for one in series for _, value in one.points]
        if values and (chart := epoch_chart(series, f"{title} by epoch", Axis.around(values, title))) is not None:
            charts.append((chart, caption))
    return charts


def trained_networks(evidence: Evidence) -> list[TrainedNetwork]:
    """List the networks, one line each."""
    return [
        TrainedNetwork(
            name,
            len(frame),
            evidence.run.seconds.get(name, float(frame["seconds"].sum()) if "seconds" in frame else 0.0),
            _last(frame, "images_per_second"),
            _last(frame, "train_loss"),
            _last(frame, "valid_accuracy"),
        )
        for name, frame in evidence.run.histories.items()
    ]


def _accuracy_chart(name: str, frame: pd.DataFrame, axis: Axis) -> Chart | None:
    series, last = [], []
    for colour, (column, title, dashed) in enumerate(_ACCURACIES):
        if column in frame:
            series.append(Series(title, *_curve(frame, column), colour, dashed))
            last.append(f"{title} {percent(_last(frame, column))}")
    return epoch_chart(series, f"accuracy of {name} by epoch; at the end: {', '.join(last) or MISSING}", axis, *_SMALL)


def _curve(frame: pd.DataFrame, column: str) -> tuple[Sequence[float], Sequence[float]]:
    return frame["epoch"].astype(float).tolist(), frame[column].astype(float).tolist()


def _values(frame: pd.DataFrame, column: str) -> list[float]:
    return [float(value) for value in frame[column].dropna()] if column in frame else []


def _last(frame: pd.DataFrame, column: str) -> float | None:
    known = _values(frame, column)
    return known[-1] if known else None
