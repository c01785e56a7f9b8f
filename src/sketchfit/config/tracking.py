"""`tracking:` progress, experiment trackers and notifications."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sketchfit.config.family import MemberOf
from sketchfit.config.section import Distinct, FreeText, Section

TRACKERS = ("tensorboard", "wandb", "mlflow", "aim", "clearml", "comet_ml", "dvclive", "swanlab", "trackio")
"""Names of the package's trackers."""
TrackerName = Annotated[str, MemberOf("trackers", TRACKERS)]
NotifyEvent = Literal["start", "fold", "end", "failure"]


class TrackingSection(Section):
    """Progress, experiment trackers and notifications; `history.csv` is always written."""

    progress: Literal["auto", "rich", "plain", "none"] = "auto"
    """Progress on the console; `auto`: live bars on a terminal, plain lines elsewhere."""
    to: Annotated[tuple[TrackerName, ...], Distinct] = ()
    """Experiment trackers that get settings, curves, errors, figures and the report: `[tensorboard, wandb]`. One that
    is not installed, has no account or cannot be reached causes a warning only."""
    project: Annotated[str, FreeText("title of a project")] = Field(default="sketchfit", min_length=1, max_length=128)
    """Project (W&B) or experiment (MLflow) of the run."""
    group: Annotated[str | None, FreeText("title of a group of trainings")] = Field(default=None, max_length=128)
    """Name that the folds of this run share in the trackers; the run folder's name by default."""
    every: int = Field(default=20, ge=0)
    """A point on the trackers' step curves is the mean over this many updates; 0: curves by epoch only."""
    pictures: int = Field(default=36, ge=0, le=500)
    """Number of wrongly classified images, the worst first, that trackers get."""
    notify: Annotated[tuple[NotifyEvent, ...], Distinct] = ("start", "end", "failure")
    """Events sent to the addresses in `SKETCHFIT_NOTIFY` of the environment, where it is set. Empty: none. Addresses do
    not belong in a recipe."""
    wait: float = Field(default=4.0, ge=0, le=600)
    """Most seconds that the end of a run waits for what is still being sent; raise it for a large report over a slow
    connection."""
