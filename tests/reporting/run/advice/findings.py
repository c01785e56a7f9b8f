"""Findings of a run in which no rule applies, to change one at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sketchfit.config.load import load_recipe
from sketchfit.config.recipe import Recipe
from sketchfit.inference.intervals import Difference, Estimate
from sketchfit.reporting.run.advice.findings import Calibratable, Findings, TrainingCurve
from sketchfit.reporting.run.compare_slices import Slice

NO_CHANGE = Difference(0.0, -0.01, 0.01, 0.9, 1000)
FINE = Findings(
    accuracy=Estimate(0.8, 0.77, 0.83, 1000),
    guessing=0.05,
    calibration=Calibratable(0.02, 1.0, NO_CHANGE),
    labels=1000,
    curves=(TrainingCurve(8, 0.85, ((2, 0.6), (4, 0.8), (8, 0.8))),),
    class_count=20,
    smallest_class=30,
    largest_class=50,
)
WEAK = Slice("inverted", "light on dark", Estimate(0.4, 0.3, 0.5, 90), -0.4, 1e-6, 1e-5)


def fine(**changed: Any) -> Findings:
    return replace(FINE, **changed)


def recipe(*settings: str) -> Recipe:
    return load_recipe("cpu", settings)
