"""The record of a search, made by hand."""

from __future__ import annotations

from typing import Any

from sketchfit.runs.artefacts import SearchRecord, SearchTrial
from sketchfit.runs.estimates import Difference, Estimate


def make_search(**changes: Any) -> SearchRecord:
    """Return a record of four trials, of which two are chosen."""
    names = ["base", "optimizer.lr=0.002 transforms.policy=strokes", "optimizer.lr=0.004", "optimizer.lr=0.5"]
    trials = (
        SearchTrial(number=0, name=names[0], score=0.6, folds=4, seconds=40.0, status="complete"),
        SearchTrial(number=1, name=names[1], score=0.7, folds=4, seconds=60.0, status="complete"),
        SearchTrial(number=2, name=names[2], score=0.4, folds=1, seconds=10.0, status="pruned"),
        SearchTrial(number=3, name=names[3], score=None, folds=0, seconds=0.0, status="failed", reason="NaN <b>"),
    )
    settings: dict[str, Any] = {
        "data": "some/data",
        "seconds": 600.0,
        "used": 580.0,
        "folds": (0, 1, 2, 3),
        "fold": 4,
        "trials": trials,
        "chosen": (1, 0),
        "recipe": Estimate(0.6, 0.5, 0.7, 100),
        "repeated": Estimate(0.62, 0.52, 0.72, 100),
        "best": Estimate(0.66, 0.56, 0.76, 100),
        "mean": Estimate(0.68, 0.58, 0.78, 100),
        "gain": Difference(0.06, 0.01, 0.11, 0.02, 100),
    }
    return SearchRecord(**(settings | changes))
