from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from sketchfit.errors import UserError
from sketchfit.inference import speed
from sketchfit.inference.predictor import Predictor
from sketchfit.runs.artefacts import Views
from sketchfit.runs.run import Run

CPU = torch.device("cpu")


def test_all_networks_and_views_are_counted(plain: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(plain, tmp_path / "run")
    assert [one.passes for one in speed.timed_passes(Run.open(folder), CPU)] == [2]  # two folds, the entire image
    ((name, views),) = Views.read(folder).members.items()
    Views(members={name: views.model_copy(update={"names": ("identity", "hflip")})}).write(folder)
    assert [one.passes for one in speed.timed_passes(Run.open(folder), CPU)] == [4]


def test_a_run_is_timed(plain: Path) -> None:
    (found,) = speed.fastest([speed.timed_passes(Run.open(plain), CPU)])
    assert 0 < found < 1e5


def test_the_fastest_turn_of_each_network_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([0.3, 0.5, 0.1, 0.2, 0.9, 0.4])
    monkeypatch.setattr(speed, "FEWEST_TURNS", 2)
    monkeypatch.setattr(speed, "TURNS", 2)
    monkeypatch.setattr(speed, "_seconds", lambda *_: next(seconds))
    one = speed.TimedPasses(Predictor.__new__(Predictor), np.zeros((10, 8, 8, 1), np.uint8), 3)
    # Turns of the first run: 0.3 and 0.2 s; of the two networks of the second: 0.5 and 0.9 s, 0.1 and 0.4 s.
    assert speed.fastest([[one], [one, one]]) == pytest.approx([3 * 20, 3 * (50 + 10)])


def test_slow_networks_have_fewer_turns_and_pictures(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "LONGEST", 0.0)
    (passes,) = speed.timed_passes(Run.open(plain), CPU)
    assert len(passes.pictures) == 1
    timed: list[int] = []
    monkeypatch.setattr(speed, "_seconds", lambda *_: float(timed.append(1) or 1))
    monkeypatch.setattr(speed, "ENOUGH", 0.0)
    speed.fastest([[passes]])
    assert len(timed) == speed.FEWEST_TURNS


def test_a_run_without_its_networks_is_refused(plain: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(plain, tmp_path / "run")
    for weights in folder.glob("members/*/*/model.safetensors"):
        weights.unlink()
    with pytest.raises(UserError):
        speed.timed_passes(Run.open(folder), CPU)
