from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from sketchfit.errors import UserError
from sketchfit.inference import speed
from sketchfit.runs.artefacts import Views
from sketchfit.runs.run import Run

CPU = torch.device("cpu")


def test_all_networks_and_views_are_counted(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "network_milliseconds", lambda *_: 3.0)
    folder = shutil.copytree(plain, tmp_path / "run")
    run = Run.open(folder)
    assert speed.run_milliseconds(run, CPU) == 6  # two folds, the entire image
    ((name, views),) = Views.read(folder).members.items()
    Views(members={name: views.model_copy(update={"names": ("identity", "hflip")})}).write(folder)
    assert speed.run_milliseconds(Run.open(folder), CPU) == 12


def test_a_network_is_timed(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "SECONDS", 0.01)
    assert 0 < speed.run_milliseconds(Run.open(plain), CPU) < 1e5


def test_a_run_without_its_networks_is_refused(plain: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(plain, tmp_path / "run")
    for weights in folder.glob("members/*/*/model.safetensors"):
        weights.unlink()
    with pytest.raises(UserError):
        speed.run_milliseconds(Run.open(folder), CPU)
