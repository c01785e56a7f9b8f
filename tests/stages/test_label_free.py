"""The model of the estimate without labels, measured once per run."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from sketchfit.api.predict import predict
from sketchfit.api.run import run
from sketchfit.claims.shifts import picture_shifts
from sketchfit.runs.run import Run
from sketchfit.stages import label_free
from sketchfit.synthetic import DrawSettings, draw
from tests.factories import Cli, tiny_recipe

CLAIM: dict[str, Any] = {"claim": True, "folds": {"k": 2, "group": "none"}, "training": {"epochs": 1}}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("drawn") / "data"
    draw(out, DrawSettings(classes=4, per_class=60, test_per_class=30, copies=0.0))
    return out


@pytest.fixture
def finished(measured: Path, tmp_path: Path) -> Path:
    """A copy of `measured` in `run`."""
    return Path(shutil.copytree(measured, tmp_path / "run"))


@pytest.fixture(scope="module")
def measured(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a claim. Not to be changed by a test."""
    out = tmp_path_factory.mktemp("measured") / "run"
    run(data, tiny_recipe(CLAIM), out=out)
    return out


def test_shifts_are_measured_once_and_stored(
    data: Path, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Run.open(tmp_path / "run").label_free
    assert first is not None
    assert [one.name for one in first.shifts] == ["unchanged", *(one.name for one in picture_shifts())]
    assert len(first.units) == 2

    def again(*_: object) -> None:
        raise AssertionError("shifts are measured a second time")

    monkeypatch.setattr(label_free, "simulate", again)
    run(data, tiny_recipe(CLAIM), out=tmp_path / "run")
    assert Run.open(tmp_path / "run").label_free == first


def test_the_test_images_as_new_images_get_the_estimate_of_the_run(
    data: Path, finished: Path, tmp_path: Path, cli: Cli
) -> None:
    claim = Run.open(tmp_path / "run").claim
    assert claim is not None
    assert claim.label_free is not None
    found = predict(tmp_path / "run", data / "test").attrs["accuracy"]
    assert found.value == pytest.approx(claim.label_free.accuracy.value, abs=0.002)
    status, table, notes = cli("predict", tmp_path / "run", data / "test")
    assert status == 0
    assert table.count("\n") == 1 + 4 * 30
    assert f"accuracy on 120 new images, estimated without labels: {100 * found.value:.1f} %" in notes
    few = sorted((data / "test").iterdir())[:99]
    assert predict(tmp_path / "run", few).attrs["accuracy"] is None


def test_shifts_that_are_not_wanted_are_not_measured_until_they_are(data: Path, tmp_path: Path) -> None:
    shifts = []
    for simulated in (0, 40):
        claim = {"enabled": True, "simulated": simulated}
        run(data, tiny_recipe(CLAIM | {"claim": claim}), out=tmp_path / "run")
        record = Run.open(tmp_path / "run").label_free
        assert record is not None
        shifts.append(len(record.shifts))
    assert shifts == [0, 1 + len(picture_shifts())]
