"""A plan that is in memory only: no run follows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sketchfit.planning.book import PlanBook
from sketchfit.planning.deadline import WorkingTime
from sketchfit.runs.artefacts import RunPlan


class DraftBook(PlanBook):
    """Keeps a plan without writing and without printing it.

    Args:
        seconds: of the run.
        folder: of the run, which is not touched.
    """

    def __init__(self, seconds: float, folder: Path) -> None:
        super().__init__(folder, RunPlan(seconds=seconds), WorkingTime(seconds, 0.0, 0.0, lambda: 0.0))

    def change(self, **fields: Any) -> None:
        """Change some fields of the plan."""
        self.plan = self.plan.model_copy(update=fields)

    def decide(self, text: str) -> None:
        """Do nothing: decisions of a draft are not recorded."""
