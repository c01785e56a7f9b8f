"""The model of the estimate without labels, measured once per run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sketchfit.claims.new_rows import estimate_new, wanted_rows
from sketchfit.claims.shifts import picture_shifts
from sketchfit.commands.run import run
from sketchfit.data.store import open_stores
from sketchfit.inference.run_predictor import RunPredictor
from sketchfit.runs.run import Run
from sketchfit.stages import label_free
from sketchfit.synthetic import DrawSettings, draw
from sketchfit.training.engine import make_engine
from tests.factories import tiny_recipe

CLAIM: dict[str, Any] = {"claim": True, "folds": {"k": 2, "group": "none"}, "training": {"epochs": 1}}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("drawn") / "data"
    draw(out, DrawSettings(classes=4, per_class=40, test_per_class=30, copies=0.0))
    return out


def test_shifts_are_measured_once_and_stored(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(data, tiny_recipe(CLAIM), out=tmp_path / "run")
    first = Run.open(tmp_path / "run").label_free
    assert first is not None
    assert [one.name for one in first.shifts] == ["unchanged", *(one.name for one in picture_shifts())]
    assert len(first.units) == 2

    def again(*_: object) -> None:
        raise AssertionError("shifts are measured a second time")

    monkeypatch.setattr(label_free, "simulate", again)
    run(data, tiny_recipe(CLAIM), out=tmp_path / "run")
    assert Run.open(tmp_path / "run").label_free == first


def test_the_test_images_as_new_images_get_the_estimate_of_the_run(data: Path, tmp_path: Path) -> None:
    run(data, tiny_recipe(CLAIM), out=tmp_path / "run")
    opened = Run.open(tmp_path / "run")
    assert opened.label_free is not None
    assert opened.claim is not None
    assert opened.claim.label_free is not None
    predictor, names = RunPredictor.of(opened), sorted(path.name for path in (data / "test").iterdir())
    stores = open_stores(data / "test", names, predictor.store_settings, tmp_path / "cache")
    answers = predictor.answers(stores, make_engine(opened.recipe.compute).device, wanted_rows(len(names)))
    found = estimate_new(opened.label_free, predictor, answers)
    assert found is not None
    assert found.final.value == pytest.approx(opened.claim.label_free.accuracy.value, abs=0.002)
