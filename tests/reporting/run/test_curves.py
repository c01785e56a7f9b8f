"""Curves of training: one chart per network with both accuracies, on one scale."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sketchfit.reporting.kit.chart_shapes import Chart, Dot, Line, Text
from sketchfit.reporting.run.curves import accuracy_charts, shared_charts


def _history(valid: list[float | None], train: list[float]) -> pd.DataFrame:
    epochs = np.arange(1, len(train) + 1)
    return pd.DataFrame({"epoch": epochs, "train_loss": 2 / epochs, "train_accuracy": train, "valid_accuracy": valid})


HISTORIES = {
    "small/fold0": _history([None, 0.4, None, 0.5], [0.2, 0.4, 0.6, 0.8]),
    "small/fold1": _history([None, 0.3, None, 0.4], [0.2, 0.4, 0.6, 0.7]),
    "bank/fold0": pd.DataFrame(),
    "large/fold0": _history([0.6], [0.9]),
}


def _curves(chart: Chart) -> list[Line]:
    return [one for one in chart.shapes if isinstance(one, Line) and one.style.startswith("s")]


def test_each_network_has_one_chart_with_training_and_validation() -> None:
    small, large = accuracy_charts(HISTORIES)
    assert (small.member, [fold for fold, _ in small.folds]) == ("small", ["fold0", "fold1"])
    assert (large.member, [fold for fold, _ in large.folds]) == ("large", ["fold0"])
    chart = small.folds[0][1]
    assert [(one.name, one.mark) for one in chart.legend] == [("training", "dashed"), ("validation", "line")]
    training, validation = _curves(chart)
    assert (len(training.points), len(validation.points)) == (4, 2)  # epochs that were not validated are left out
    assert "dashed" in training.style
    assert "dashed" not in validation.style
    assert "training 80.0 %" in chart.title
    assert "validation 50.0 %" in chart.title


def test_all_charts_have_the_same_scale() -> None:
    charts = [chart for member in accuracy_charts(HISTORIES) for _, chart in member.folds]
    heights = [_curves(chart)[0].points for chart in charts]
    assert heights[0][0][1] == heights[1][0][1]  # 20 % in both folds
    assert heights[2][0][1] < heights[0][3][1] < heights[1][3][1]  # 90 %, 80 %, 70 %


def test_ticks_of_epochs_are_whole_numbers() -> None:
    for epochs in (1, 2, 3, 7, 40, 300):
        history = {"a/fold0": _history([0.5] * epochs, [0.5] * epochs)}
        chart = accuracy_charts(history)[0].folds[0][1]
        bottom = chart.height - 40 + 15
        texts = [one.text for one in chart.shapes if isinstance(one, Text) and one.y == bottom]
        assert texts
        assert all(1 <= int(text) <= epochs for text in texts)


def test_loss_of_all_networks_is_in_one_chart_with_a_colour_per_member() -> None:
    ((chart, _),) = shared_charts(HISTORIES)
    assert [(one.name, one.style) for one in chart.legend] == [("small", "s0"), ("large", "s2")]
    notes = [one.note for one in chart.shapes if isinstance(one, Dot)]
    assert "small/fold1, epoch 4: 0.5" in notes


def test_the_folds_of_one_member_have_a_colour_each() -> None:
    histories = {name: frame for name, frame in HISTORIES.items() if name.startswith("small/")}
    ((chart, _),) = shared_charts(histories)
    assert [(one.name, one.style) for one in chart.legend] == [("fold0", "s0"), ("fold1", "s1")]


def test_more_members_than_colours_have_dashes() -> None:
    histories = {f"member{k}/fold0": _history([0.5], [0.5]) for k in range(10)}
    ((chart, _),) = shared_charts(histories)
    marks = [(one.style, one.mark) for one in chart.legend]
    assert len(set(marks)) == 10
    assert marks[0] == ("s0", "line")
    assert marks[8] == ("s0", "dashed")


@pytest.mark.parametrize("histories", [{}, {"a/fold0": pd.DataFrame()}, {"a/fold0": _history([None], [np.nan])}])
def test_without_figures_there_is_no_chart_of_accuracy(histories: dict[str, pd.DataFrame]) -> None:
    assert accuracy_charts(histories) == []
