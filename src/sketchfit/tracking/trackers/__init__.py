"""Experiment trackers: thin callbacks around the tracker classes of `accelerate.tracking`.

A member of the family is called with (`TrackingSection`, `RunInfo`) and returns a `Callback`. Another distribution adds
one with an entry point of the group `sketchfit.trackers`, and a recipe names it in `tracking.to`.
"""

from __future__ import annotations

from collections.abc import Callable

from sketchfit.config.tracking import TrackingSection
from sketchfit.registry import Registry
from sketchfit.tracking.callback import Callback, RunInfo

MakeTracker = Callable[[TrackingSection, RunInfo], Callback]

_HERE = "sketchfit.tracking.trackers"

trackers: Registry[MakeTracker] = Registry(
    "tracker",
    group="sketchfit.trackers",
    lazy={
        "tensorboard": f"{_HERE}.tensorboard:TensorBoard",
        "wandb": f"{_HERE}.wandb:WandB",
        "mlflow": f"{_HERE}.mlflow:MLflow",
        **{name: f"{_HERE}.one_run:{name}" for name in ("aim", "clearml", "comet_ml", "dvclive", "swanlab", "trackio")},
    },
)
"""All trackers by the name that recipes use; a tracker is imported when its name is first used."""
