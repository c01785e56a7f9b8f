"""Expected seconds of the stages after training."""

from __future__ import annotations

from typing import Literal

from sketchfit.config.recipe import Recipe
from sketchfit.data.table import Table
from sketchfit.planning.costs import ANSWER

CLAIM = (1.0, 2e-4)
"""Seconds of the claim, and per image."""

REPORT = (4.0, 1e-3)
"""Seconds of the report, and per image: two to five times what it takes on an idle machine."""

BY_NETWORKS = 17e-3
"""Seconds per image that either takes longer where networks compute something for it."""

CHANGED = 3000
"""Images from which on that takes no longer: a few hundred rows at most are changed (`claim.simulated`,
`report.robustness`)."""


def stage_seconds(times: tuple[float, float], by_networks: float, images: int) -> float:
    """Return the seconds of a stage.

    Args:
        times: seconds of the stage, and per image.
        by_networks: seconds per image that networks take in it, up to `CHANGED` images.
        images: of both tables.
    """
    return times[0] + times[1] * images + by_networks * min(images, CHANGED)


def claim_by_networks(recipe: Recipe) -> float:
    """Return the seconds per image that networks take in the claim, up to `CHANGED` images."""
    return BY_NETWORKS if recipe.claim.simulated else 0.0


def report_by_networks(recipe: Recipe) -> float:
    """Return the seconds per image that networks take in the report, up to `CHANGED` images."""
    return BY_NETWORKS if recipe.report.robustness else 0.0


def seconds_after(recipe: Recipe, table: Table, kind: Literal["run", "fit"]) -> float:
    """Estimate the time between the last training and the end; trainings of students are not included."""
    if kind == "fit":
        return 0.0
    images = len(table.train) + len(table.test)
    seconds = ANSWER[0] + ANSWER[1] * images
    if recipe.claim.enabled:
        seconds += stage_seconds(CLAIM, claim_by_networks(recipe), images)
    if recipe.report.enabled:
        seconds += stage_seconds(REPORT, report_by_networks(recipe), images)
    return seconds
