"""The model of the estimate without labels, measured once per run."""

from __future__ import annotations

import math
import shutil
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sketchfit.api.predict import predict
from sketchfit.api.run import run
from sketchfit.claims.shifts import picture_shifts
from sketchfit.runs.run import Run
from sketchfit.stages import claim as claim_stage
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


ROW_SECONDS = 0.1
"""Of each row by each network, by the clock of `limited`."""


def limited(data: Path, out: Path, seconds: float, patch: pytest.MonkeyPatch) -> tuple[Run, float]:
    """Make the claim of a run again in a time; return the run, and the seconds that shifts have taken."""
    now = [0.0]
    plain = label_free._predict

    def slow(networks: Any, predictor: Any, rows: np.ndarray, changes: Any) -> Any:
        now[0] += ROW_SECONDS * len(rows)
        return plain(networks, predictor, rows, changes)

    patch.setattr(label_free, "_predict", slow)
    patch.setattr(label_free, "time", SimpleNamespace(monotonic=lambda: now[0]))
    in_time = partial(label_free.label_free_record, seconds=seconds)
    patch.setattr(claim_stage, "label_free_record", lambda *given: in_time(*given[:5]))
    run(data, tiny_recipe(CLAIM), out=out)
    return Run.open(out), now[0]


@pytest.fixture
def unmeasured(finished: Path) -> Path:
    """A finished run without the model of the estimate without labels."""
    (finished / "ensemble" / "label_free.json").unlink()
    return finished


@pytest.mark.parametrize(
    ("seconds", "used"), [(-5.0, False), (0.0, False), (0.3, False), (3.0, False), (4.9, True), (1e4, True)]
)
def test_shifts_take_no_more_than_their_time(
    data: Path, unmeasured: Path, seconds: float, used: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, taken = limited(data, unmeasured, seconds, monkeypatch)
    assert taken <= max(0.0, seconds)
    assert found.label_free is not None
    assert found.claim is not None
    figures = found.claim.label_free
    assert figures is not None
    assert (figures.simulated, figures.limited) == (found.label_free.rows, found.label_free.limited)
    assert found.label_free.limited == (seconds < 1e4)
    assert bool(found.label_free.shifts) == used == bool(figures.simulated)


def test_without_time_for_shifts_the_claim_is_that_without_them(
    data: Path, unmeasured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch, caplog.at_level("INFO"):
        short, _ = limited(data, unmeasured, 0.0, patch)
    assert "without simulated shifts, as there is no time for them" in caplog.text
    plain = Path(shutil.copytree(unmeasured, tmp_path / "plain"))
    run(data, tiny_recipe(CLAIM | {"claim": {"enabled": True, "simulated": 0}}), out=plain)
    of_plain = Run.open(plain).claim
    assert short.claim is not None
    assert of_plain is not None
    assert short.claim.label_free is not None
    assert of_plain.label_free == short.claim.label_free.model_copy(update={"limited": False})
    assert of_plain.expected == short.claim.expected


def test_a_limited_model_is_kept_unless_there_is_more_time(
    data: Path, unmeasured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = []
    for seconds in (4.9, 0.0, math.inf, 1e4, math.inf):
        with monkeypatch.context() as patch:
            record = limited(data, unmeasured, seconds, patch)[0].label_free
        assert record is not None
        rows.append((record.rows, record.limited))
    assert rows[:3] == [rows[0]] * 3
    assert rows[3:] == [rows[3]] * 2
    assert rows[0][1]
    assert not rows[3][1]
    assert (rows[3][0] or 0) > (rows[0][0] or 0) >= 30


def test_a_model_of_an_earlier_version_is_used(data: Path, finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Run.open(finished).label_free
    assert before is not None
    earlier = before.model_copy(update={"rows": None})
    earlier.write(finished)
    found, taken = limited(data, finished, 1e4, monkeypatch)
    assert (found.label_free, taken) == (earlier, 0.0)
