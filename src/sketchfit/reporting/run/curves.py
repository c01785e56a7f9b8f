"""Section "Training": curves of all networks, and where the time went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.kit.chart_shapes import Chart
from sketchfit.reporting.kit.charts import Series, line_chart, whole_percent
from sketchfit.reporting.kit.formats import number
from sketchfit.reporting.run.page_section import PageSection, page_section

_CURVES = (
    ("train_loss", "training loss", "loss", "Loss on training drawings, augmented."),
    ("valid_accuracy", "validation top-1", "top-1", "Top-1 accuracy on the fold's held-out drawings."),
    ("train_accuracy", "training top-1", "top-1", "Top-1 accuracy on training drawings, augmented."),
    ("lr", "learning rate", "learning rate", "Learning rate at the end of each epoch."),
)
"""Column of the history, title, title of the y axis, caption."""


@dataclass(frozen=True)
class TrainedNetwork:
    """A line of the table of networks, with its last figures; None where one is missing."""

    name: str
    epochs: int
    seconds: float
    images_per_second: float | None
    loss: float | None
    accuracy: float | None


def training_section(evidence: Evidence, stages: Mapping[str, float] | None) -> PageSection:
    """Render the curves and the table of networks.

    Args:
        evidence: the run.
        stages: seconds per stage, where they are known; short ones are left out.
    """
    return page_section(
        "training",
        "Training",
        charts=training_charts(evidence),
        colours=list(enumerate(evidence.members)) if len(evidence.members) > 1 else [],
        networks=trained_networks(evidence),
        stages=[(name, seconds) for name, seconds in (stages or {}).items() if seconds >= 0.5],
    )


def training_charts(evidence: Evidence) -> list[tuple[Chart, str]]:
    """Draw each curve that the histories hold: (chart, caption), one colour per member."""
    colours = {name: colour for colour, name in enumerate(evidence.members)}
    charts = []
    for column, title, y_title, caption in _CURVES:
        series = [
            Series(
                name,
                frame["epoch"].tolist(),
                frame[column].astype(float).tolist(),
                colours.get(name.rpartition("/")[0], 0),
            )
            for name, frame in evidence.run.histories.items()
            if column in frame
        ]
        chart = line_chart(series, title, "epoch", y_title, whole_percent if "accuracy" in column else number)
        if chart is not None:
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


def _last(frame: pd.DataFrame, column: str) -> float | None:
    known = frame[column].dropna().tolist() if column in frame else []
    return float(known[-1]) if known else None
