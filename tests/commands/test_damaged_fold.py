"""A damaged or NaN network of a finished run: `run`, `report` and `predict` name it, and it is trained again alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from sketchfit.inference.predictor import Predictor
from sketchfit.runs.artefacts import Divergence
from sketchfit.runs.probabilities import read_probabilities, write_probabilities
from sketchfit.training import fit as fit_module
from tests.factories import Cli

FOLD0, FOLD1 = (Path("members") / "test_resnet" / f"fold{k}" for k in (0, 1))


@pytest.fixture
def run(plain: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(plain, tmp_path / "run"))


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-5 if path.suffix == ".safetensors" else len(content) // 2] ^= 0x40
    path.unlink()
    path.write_bytes(content)


def spoil(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each loss be NaN."""
    real = fit_module.update

    def update(*args: Any) -> Any:
        loss, right = real(*args)
        return loss * float("nan"), right

    monkeypatch.setattr(fit_module, "update", update)


def test_damaged_weights_are_named_and_trained_again_alone(run: Path, drawn: Path, tiny_file: Path, cli: Cli) -> None:
    weights, other = run / FOLD0 / "model.safetensors", (run / FOLD1 / "model.safetensors").stat().st_mtime_ns
    before, submission = load_file(weights), (run / "submission.csv").read_bytes()
    flip(weights)
    again = ("run", drawn, "--recipe", tiny_file, "--out", run)
    for command in (again, ("predict", run, drawn / "test.csv"), ("report", run)):
        status, _, errors = cli(*command)
        assert status == 2, command
        assert str(weights) in errors
        assert f"Delete the folder {run / FOLD0}" in errors
    shutil.rmtree(run / FOLD0)
    status, _, errors = cli(*again)
    assert (status, errors) == (0, "")
    after = load_file(weights)
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert (run / FOLD1 / "model.safetensors").stat().st_mtime_ns == other
    assert (run / "submission.csv").read_bytes() == submission


def test_damaged_probabilities_are_named(run: Path, drawn: Path, tiny_file: Path, cli: Cli) -> None:
    flip(run / FOLD1 / "oof.npz")
    status, _, errors = cli("run", drawn, "--recipe", tiny_file, "--out", run)
    assert status == 2
    assert str(run / FOLD1 / "oof.npz") in errors
    assert f"Delete the folder {run / FOLD1}" in errors


def test_nan_weights_predict_nothing_and_are_trained_again(run: Path, drawn: Path, tiny_file: Path, cli: Cli) -> None:
    """As an older version left them: without a checksum, with probabilities that are NaN."""
    weights = run / FOLD0 / "model.safetensors"
    before = load_file(weights)
    save_file(
        {name: value * float("nan") if value.is_floating_point() else value for name, value in before.items()}, weights
    )
    for split in ("oof", "test"):
        found = read_probabilities(run / FOLD0 / f"{split}.npz")
        write_probabilities(run / FOLD0 / f"{split}.npz", found.row, found.prob * np.float32("nan"))
    status, printed, errors = cli("predict", run, drawn / "test.csv")
    assert (status, printed) == (2, "")
    assert str(weights) in errors
    assert "not finite" in errors
    status, _, errors = cli("run", drawn, "--recipe", tiny_file, "--out", run)
    assert (status, errors) == (0, "")
    after = load_file(weights)
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_a_training_that_diverges_accepts_the_advice_in_its_folder(
    drawn: Path, tiny_file: Path, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("run", drawn, "--recipe", tiny_file, "--out", tmp_path / "run", "--set", "folds.train=[0]")
    spoil(monkeypatch)
    status, _, errors = cli(*command)
    monkeypatch.undo()
    assert status == 2
    assert "epoch 1" in errors
    assert "optimizer.lr=" in errors
    assert "with the same command" in errors
    assert not list((tmp_path / "run").rglob("done.json"))
    status, _, errors = cli(*command, "--set", "optimizer.lr=0.01")
    assert (status, errors) == (0, "")
    status, _, errors = cli(*command, "--set", "optimizer.lr=0.02")  # now networks are finished
    assert status == 2
    assert "optimizer.lr" in errors


def test_where_networks_are_finished_another_folder_is_named(
    run: Path, drawn: Path, tiny_file: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(run / FOLD1)
    spoil(monkeypatch)
    status, _, errors = cli("run", drawn, "--recipe", tiny_file, "--out", run)
    assert status == 2
    assert "--out" in errors
    assert "training.on_nan=rewind" in errors
    monkeypatch.undo()
    command = ("run", drawn, "--recipe", tiny_file, "--out", run, "--set", "training.on_nan=rewind")
    assert cli(*command)[0] == 0


@pytest.mark.parametrize("suffix", ["*.json", "*.yaml", "*.parquet", "*.npz"])
def test_a_file_that_was_damaged_and_deleted_is_written_again(
    suffix: str, run: Path, drawn: Path, tiny_file: Path, cli: Cli
) -> None:
    """As the message advises: each file that is not a network's, alone."""
    networks = {path: path.stat().st_mtime_ns for path in run.glob("members/*/*/*")}
    submission = (run / "submission.csv").read_bytes()
    files = [path for path in run.rglob(suffix) if "members" not in path.parts]
    assert files
    for path in files:
        path.unlink()
        status, _, errors = cli("run", drawn, "--recipe", tiny_file, "--out", run)
        assert (status, errors) == (0, ""), path
        assert path.is_file(), path
    assert {path: path.stat().st_mtime_ns for path in run.glob("members/*/*/*")} == networks
    assert (run / "submission.csv").read_bytes() == submission


def test_a_network_that_predicts_nan_after_training_accepts_the_advice(
    drawn: Path, tiny_file: Path, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finite weights whose logits are not: validation counts such images as wrong, and answers are refused."""
    real = Predictor.probabilities

    def broken(self: Predictor, *args: Any) -> Any:
        prob = real(self, *args) * np.float32("nan" if len(args[1]) > 9 else 1)  # not those of a trial
        self._check_finite(int(np.isnan(prob).any(axis=1).sum()), len(prob))
        return prob

    monkeypatch.setattr(Predictor, "probabilities", broken)
    command = ("run", drawn, "--recipe", tiny_file, "--out", tmp_path / "run", "--set", "folds.train=[0]")
    status, _, errors = cli(*command)
    monkeypatch.undo()
    assert status == 2
    assert "NaN" in errors
    assert "with the same command" in errors
    (record,) = (tmp_path / "run").rglob("divergence.json")
    assert Divergence.read(record.parent).stopped
    status, _, errors = cli(*command, "--set", "optimizer.lr=0.001")
    assert (status, errors) == (0, "")
    assert not list((tmp_path / "run").rglob("divergence.json"))


@pytest.mark.parametrize("name", ["views.json", "weights.json", "calibration.json"])
def test_a_run_without_a_file_that_decides_its_answers_is_refused(name: str, run: Path, drawn: Path, cli: Cli) -> None:
    (run / "ensemble" / name).unlink()
    status, printed, errors = cli("predict", run, drawn / "test.csv")
    assert (status, printed) == (2, "")
    assert name in errors


def test_answers_that_are_no_numbers_are_not_submitted(run: Path, cli: Cli) -> None:
    path = run / "ensemble" / "test.npz"
    found = read_probabilities(path)
    write_probabilities(path, found.row, np.where(found.row[:, None] == 3, np.float32("nan"), found.prob))
    before = (run / "submission.csv").read_bytes()
    status, printed, errors = cli("submit", run)
    assert (status, printed) == (2, "")
    assert str(path) in errors
    assert (run / "submission.csv").read_bytes() == before
