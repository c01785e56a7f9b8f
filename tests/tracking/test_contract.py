"""Trackers that write files fulfil the contract of callbacks; so does the base class."""

from __future__ import annotations

from pathlib import Path

import pytest

from sketchfit.config.tracking import TrackingSection
from sketchfit.tracking.callback import Callback
from sketchfit.tracking.trackers import trackers
from tests.contracts.callback import check_callback


def test_the_base_class(tmp_path: Path) -> None:
    check_callback(lambda info: Callback(), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["tensorboard", "mlflow"])
def test_tracker(name: str, tmp_path: Path) -> None:
    check_callback(lambda info: trackers.get(name)(TrackingSection(), info), tmp_path)
