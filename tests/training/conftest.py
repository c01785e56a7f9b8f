"""A small training: drawings of bars in memory, a tiny network, everything else as in a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from sketchfit.config.load import load_recipe
from sketchfit.config.overrides import merge
from sketchfit.tracking.console import Console
from sketchfit.training.engine import make_engine
from sketchfit.training.fit import fit
from sketchfit.training.job import FitJob
from tests.factories import make_job, tiny_recipe

SETTINGS = tiny_recipe(
    {
        "transforms": {"policy": "light"},
        "training": {"epochs": 4, "validate_every": 1},
        "averaging": {"ema": True, "ema_decay": 0.9},
        "schedule": {"warmup": 1},
    }
)


@pytest.fixture
def tiny_job(tmp_path: Path) -> Callable[..., FitJob]:
    """(changes to SETTINGS, images per class) → job with a folder of its own; a third of the rows is validated on."""
    made = 0

    def make(settings: dict[str, Any] | None = None, counts: tuple[int, ...] = (12,) * 4) -> FitJob:
        nonlocal made
        made += 1
        return make_job(tmp_path / f"job{made}", load_recipe(merge(SETTINGS, settings or {})), counts)

    return make


@pytest.fixture
def train() -> Callable[[FitJob], dict[str, torch.Tensor]]:
    """Job → the reported weights."""

    def do(job: FitJob) -> dict[str, torch.Tensor]:
        network = fit(job, make_engine(job.recipe.compute), Console("none"))
        return {name: value.clone() for name, value in network.model.state_dict().items()}

    return do
