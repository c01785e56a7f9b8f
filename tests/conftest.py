"""What all tests share: one thread, a cache of their own, a small drawn data set, the smallest recipe that runs."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# Before torch is imported anywhere: tiny networks on several threads wait for each other. Subprocesses inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Nothing in the tests may ask a network for weights; what tries to, fails at once.
os.environ["HF_HUB_OFFLINE"] = "1"

_TINY: dict[str, Any] = {
    "model": {"backbone": "test_resnet", "pretrained": False, "input_size": 32, "mean": 0.5, "std": 0.5},
    "data": {"channels": 1},
    "folds": {"k": 2},
    "optimizer": {"name": "adamw", "lr": 2e-3},
    "training": {"epochs": 2, "batch_size": 8},
    "tracking": {"progress": "plain"},
}


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The stores' folder for the whole session, never the user's own."""
    folder = tmp_path_factory.mktemp("cache")
    before = os.environ.get("SKETCHFIT_CACHE")
    os.environ["SKETCHFIT_CACHE"] = str(folder)
    yield folder
    if before is None:
        del os.environ["SKETCHFIT_CACHE"]
    else:
        os.environ["SKETCHFIT_CACHE"] = before


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """32 training and 12 test drawings of 4 classes in the competition's layout. Not to be changed by a test."""
    from sketchfit.data.synthetic import draw_dataset

    return draw_dataset(tmp_path_factory.mktemp("drawn") / "data", classes=4, per_class=8, test_per_class=3).out


@pytest.fixture
def tiny() -> dict[str, Any]:
    """Settings of a run that takes about a second: 2 folds, 2 epochs, 32 pixels, random weights."""
    return copy.deepcopy(_TINY)
