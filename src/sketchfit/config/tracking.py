"""`tracking:` what is shown and sent while a run works."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sketchfit.config.section import Section

TrackerName = Literal["tensorboard", "wandb", "mlflow", "aim", "clearml", "comet_ml", "dvclive", "swanlab", "trackio"]
NotifyEvent = Literal["start", "fold", "end", "failure"]


class TrackingSection(Section):
    """What is shown and sent while a run works; `history.csv` is always written."""

    progress: Literal["auto", "rich", "plain", "none"] = "auto"
    """Progress on console: live bars on a terminal, plain lines elsewhere."""
    to: tuple[TrackerName, ...] = ()
    """Experiment trackers that get settings, curves, errors, figures and the report: `[tensorboard, wandb]`. One that
    is not installed, has no account or can't be reached is a warning."""
    project: str = Field(default="sketchfit", min_length=1, max_length=128)
    """Project (W&B) or experiment (MLflow) that the run is filed under."""
    group: str | None = Field(default=None, max_length=128)
    """Name that the folds of this run share in the trackers; the run folder's name by default."""
    every: int = Field(default=20, ge=0)
    """A point on the trackers' step curves is the mean over so many updates; 0 leaves curves by epoch only."""
    pictures: int = Field(default=36, ge=0, le=500)
    """Number of drawings taken for something else, the worst first, that trackers get."""
    notify: tuple[NotifyEvent, ...] = ("start", "end", "failure")
    """What is sent to the addresses in the environment's `SKETCHFIT_NOTIFY`; nothing is sent where it is not set.
    Addresses never belong into a recipe."""
    wait: float = Field(default=4.0, ge=0, le=600)
    """Seconds that the end of a run waits at most for what is still being sent; more for a large report over a slow
    line."""
