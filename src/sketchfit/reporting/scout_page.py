"""The page of a scout: accuracy against training time and against time per image, and a table of all options."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sketchfit.reporting.kit.page import render
from sketchfit.reporting.kit.pareto import Plotted, pareto_chart, pareto_front
from sketchfit.runs.artefacts.scout import OptionFigures, ScoutRecord

PAGE = "scout.html"
"""Name of the page, next to the record."""


@dataclass(frozen=True)
class OptionRow:
    """A line of the table.

    Attributes:
        figures: of the option.
        fast_to_train, fast_to_predict: no option is at least as accurate in less time.
        label: a short name.
    """

    figures: OptionFigures
    label: str
    fast_to_train: bool
    fast_to_predict: bool


def scout_page(record: ScoutRecord) -> str:
    """Render the page."""
    measured = [one for one in record.options if one.bank_top1 is not None]
    labels = short_names(record.options)
    training = _points(measured, labels, lambda one: (one.train_seconds or 0.0) / 60)
    prediction = _points(measured, labels, lambda one: one.ms_per_image or 0.0)
    fronts = [{one.name for one in pareto_front(points)} for points in (training, prediction)]
    rows = [
        OptionRow(one, labels[one.name], labels[one.name] in fronts[0], labels[one.name] in fronts[1])
        for one in sorted(record.options, key=_order)
    ]
    return render(
        "scout",
        title=f"Scout on {Path(record.data).resolve().name}",
        record=record,
        rows=rows,
        chosen=record.option(record.chosen),
        training=pareto_chart(training, "accuracy against training time", "minutes of training of a run"),
        prediction=pareto_chart(prediction, "accuracy against prediction time", "milliseconds per image"),
        uncertain=any(one.doubt for one in record.options),
        sources=sorted({source for one in record.options for source in one.sources}),
    )


def short_names(options: Sequence[OptionFigures]) -> dict[str, str]:
    """Return a label per option: the architecture and the size, or the complete name where two would be equal."""
    short = {one.name: f"{one.backbone.partition('.')[0]} {one.size}" for one in options}
    used = list(short.values())
    return {name: label if used.count(label) == 1 else name for name, label in short.items()}


def _points(
    measured: Sequence[OptionFigures], labels: dict[str, str], x: Callable[[OptionFigures], float]
) -> list[Plotted]:
    return [Plotted(labels[one.name], x(one), one.bank_top1.value) for one in measured if one.bank_top1 and x(one) > 0]


def _order(option: OptionFigures) -> tuple[bool, float]:
    return option.bank_top1 is None, -(option.bank_top1.value if option.bank_top1 else 0.0)
