"""A training in miniature: drawings of bars in memory, a tiny network, everything else as in a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sketchfit.config.load import load_recipe, merge
from sketchfit.data.store import Store
from sketchfit.tracking.console import Console
from sketchfit.training.engine import make_engine
from sketchfit.training.fit import fit
from sketchfit.training.job import FitJob

CLASSES = 4

TINY: dict[str, Any] = {
    "model": {"backbone": "test_resnet", "pretrained": False, "input_size": 32, "mean": 0.5, "std": 0.5},
    "transforms": {"policy": "light"},
    "training": {"epochs": 4, "batch_size": 8, "validate_every": 1},
    "averaging": {"ema": True, "ema_decay": 0.9},
    "optimizer": {"lr": 2e-3},
    "schedule": {"warmup": 1},
    "compute": {"device": "cpu", "threads": 1},
    "tracking": {"progress": "none"},
}


def bars(label: np.ndarray, size: int = 36) -> np.ndarray:
    """A dark bar at a place that the class decides, shifted at random: uint8 [N, size, size, 1]."""
    rng = np.random.default_rng(0)
    images = np.full((len(label), size, size, 1), 255, np.uint8)
    for image, number in zip(images, label, strict=True):
        start = 3 + 8 * int(number) + int(rng.integers(0, 3))
        image[start : start + 4, 4 + int(rng.integers(0, 4)) : -4] = int(rng.integers(0, 60))
    return images


@pytest.fixture
def tiny_job(tmp_path: Path) -> Callable[..., FitJob]:
    """(settings laid on TINY, counts a class) → job with a folder of its own; a third of the rows is validated on."""
    made = 0

    def make(settings: dict[str, Any] | None = None, counts: tuple[int, ...] = (12,) * CLASSES) -> FitJob:
        nonlocal made
        made += 1
        label = np.repeat(np.arange(len(counts)), counts)
        label = label[np.random.default_rng(1).permutation(len(label))]
        store = Store(bars(label), np.full((len(label), 1), 255, np.uint8), ("",) * len(label), tmp_path, False)
        rows = np.arange(len(label))
        return FitJob(
            name="tiny",
            recipe=load_recipe(merge(TINY, settings or {})),
            store=store,
            label=label.astype(np.int64),
            class_count=len(counts),
            train_rows=rows[rows % 3 != 0],
            valid_rows=rows[rows % 3 == 0],
            folder=tmp_path / f"job{made}",
            fingerprint="same",
            seed=3,
        )

    return make


@pytest.fixture
def train() -> Callable[[FitJob], dict[str, torch.Tensor]]:
    """Job → the reported weights."""

    def do(job: FitJob) -> dict[str, torch.Tensor]:
        network = fit(job, make_engine(job.recipe.compute), Console("none"))
        return {name: value.clone() for name, value in network.model.state_dict().items()}

    return do
