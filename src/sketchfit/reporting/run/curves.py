"""Curves of all folds, and where the time went."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.kit.charts import line_chart, percent, plain

_CURVES = (
    ("train_loss", "training loss", "loss", "Loss on training pictures as they were augmented."),
    ("valid_accuracy", "validation top-1", "top-1", "Top-1 accuracy on the fold's held-out drawings."),
    ("train_accuracy", "training top-1", "top-1", "Top-1 accuracy on augmented training pictures."),
    ("lr", "learning rate", "learning rate", "Learning rate at the end of each epoch."),
)


@dataclass(frozen=True)
class TrainedNetwork:
    """A line of the table of networks; texts where a figure may be missing."""

    name: str
    epochs: int
    seconds: float
    speed: str
    loss: str
    accuracy: str


def training_charts(evidence: Evidence) -> list[tuple[str, str]]:
    """(chart, caption) of each curve that the histories hold; one colour a member."""
    colours = {name: number for number, name in enumerate(evidence.members)}
    charts = []
    for column, title, y_title, caption in _CURVES:
        series = {
            name: (frame["epoch"].tolist(), frame[column].astype(float).tolist())
            for name, frame in evidence.run.histories.items()
            if column in frame and frame[column].notna().any()
        }
        groups = [colours.get(name.rpartition("/")[0], 0) for name in series]
        label = percent if "accuracy" in column else plain
        chart = line_chart(series, title, "epoch", y_title, label, groups=groups) if series else ""
        if chart:
            charts.append((chart, caption))
    return charts


def trained_networks(evidence: Evidence) -> list[TrainedNetwork]:
    """One line a network."""
    return [
        TrainedNetwork(
            name,
            len(frame),
            evidence.run.seconds.get(name, float(frame["seconds"].sum()) if "seconds" in frame else 0.0),
            _last(frame, "images_per_second", "{:.0f}"),
            _last(frame, "train_loss", "{:.3f}"),
            _last(frame, "valid_accuracy", "{:.1%}"),
        )
        for name, frame in evidence.run.histories.items()
    ]


def _last(frame: pd.DataFrame, column: str, form: str) -> str:
    known = frame[column].dropna().tolist() if column in frame else []
    return form.format(float(known[-1])) if known else "–"
