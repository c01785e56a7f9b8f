"""Options of a scout made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from sketchfit.candidates import BackboneCandidate
from sketchfit.data.folds import Fold
from sketchfit.runs.artefacts import OptionFigures, ScoutRecord
from sketchfit.runs.estimates import Estimate
from sketchfit.stages.scout.rows import ScoutRows


class Time:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def make_candidate(name: str = "one", **fields: Any) -> BackboneCandidate:
    """A small backbone of 64 pixels; `fields` replace any other field."""
    given = {"backbone": "test_resnet", "weights": None, "input_size": 64, "params": 0.5, "gmacs": 0.1}
    return BackboneCandidate(name, **(given | fields))


def make_figures(name: str = "one at 64 px", bank: float | None = 0.5, **fields: Any) -> OptionFigures:
    """Figures of an option with this accuracy of frozen features; `fields` replace any other field."""
    given = {
        "name": name,
        "backbone": "test_resnet",
        "weights": None,
        "size": 64,
        "params": 0.5,
        "gmacs": 0.1,
        "licence": "unknown",
        "train_seconds": 60.0,
        "ms_per_image": 2.0,
        "bank_top1": None if bank is None else Estimate(bank, bank - 0.02, bank + 0.02, 100),
    }
    return OptionFigures(**(given | fields))


def make_record(options: tuple[OptionFigures, ...], **fields: Any) -> ScoutRecord:
    """A scout that chose the first of these options; `fields` replace any other field."""
    given = {
        "data": "/data/drawings",
        "machine": "a processor",
        "rows": 100,
        "classes": 4,
        "seconds": 300.0,
        "used": 250.0,
        "options": options,
        "chosen": options[0].name,
        "reason": "it is the best",
    }
    return ScoutRecord(**(given | fields))


def make_rows(valid: tuple[tuple[int, ...], ...], rows: int, group: np.ndarray | None = None) -> ScoutRows:
    """Rows of a scout whose folds validate these."""
    every = np.arange(rows)
    folds = tuple(
        Fold(number, np.setdiff1d(every, part), np.array(part, dtype=np.int64)) for number, part in enumerate(valid)
    )
    return ScoutRows(folds, every, group)
