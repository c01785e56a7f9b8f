"""Changed rows: training rows are refused by name, test rows are predicted again by the same networks."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sketchfit.data.folds import Fold, folds_of
from sketchfit.runs.artefacts import Relations
from sketchfit.runs.networks import Done
from sketchfit.runs.state import State
from sketchfit.stages import relate as relate_module
from sketchfit.stages import split as split_module
from sketchfit.training import fold as fold_module
from sketchfit.training.job import FitJob
from tests.factories import Cli

CHANGES: dict[str, Callable[[Path, str, str], None]] = {
    "content": lambda folder, one, other: (folder / one).write_bytes((folder / other).read_bytes()),
    "unreadable": lambda folder, one, _: (folder / one).write_bytes(b"no image"),
    "deleted": lambda folder, one, _: (folder / one).unlink(),
}


@pytest.fixture
def data(drawn: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(drawn, tmp_path / "data"))


@pytest.fixture
def run(plain: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(plain, tmp_path / "run"))


def column(table: Path) -> list[str]:
    with table.open(newline="") as file:
        return [row["image_path"] for row in csv.DictReader(file)]


def networks(run: Path) -> dict[str, bytes]:
    """What training made: weights, histories, out-of-fold probabilities."""
    names = ("model.safetensors", "history.csv", "oof.npz")
    return {str(path.relative_to(run)): path.read_bytes() for name in names for path in run.glob(f"members/*/*/{name}")}


def stamps(run: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in run.glob("members/*/*/model.safetensors")}


def test_of(folder: Path) -> np.ndarray:
    with np.load(folder / "test.npz") as file:
        return np.asarray(file["prob"])


test_of.__test__ = False  # type: ignore[attr-defined]


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_training_image_is_refused_by_name(
    data: Path, run: Path, tiny_file: Path, cli: Cli, change: str
) -> None:
    one, other = column(data / "train.csv")[:6:5]
    CHANGES[change](data / "train", one, other)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    status, _, errors = cli("run", data, "--recipe", tiny_file, "--out", run)
    assert status == 2
    assert one in errors
    assert "--fresh" in errors
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before
    assert cli("run", data, "--recipe", tiny_file, "--out", run, "--fresh")[0] == 0


def test_a_changed_label_is_refused_by_name(data: Path, run: Path, tiny_file: Path, cli: Cli) -> None:
    lines = (data / "train.csv").read_text().splitlines()
    first, last = lines[1].split(","), lines[-1].split(",")
    header = lines[0].split(",")
    path = first[header.index("image_path")]
    lines[1] = ",".join(path if name == "image_path" else last[place] for place, name in enumerate(header))
    (data / "train.csv").write_text("\n".join(lines) + "\n")
    before = networks(run)
    status, _, errors = cli("run", data, "--recipe", tiny_file, "--out", run)
    assert status == 2
    assert path in errors
    assert networks(run) == before


@pytest.mark.parametrize("change", CHANGES)
def test_changed_test_images_are_predicted_again_without_training(
    data: Path, run: Path, tiny_file: Path, cli: Cli, change: str
) -> None:
    one, other = column(data / "test.csv")[:6:5]
    CHANGES[change](data / "test", one, other)
    before, when = networks(run), stamps(run)
    answers = test_of(run / "ensemble")
    status, printed, errors = cli("run", data, "--recipe", tiny_file, "--out", run)
    assert (status, errors) == (0, "")
    assert one in next(line for line in printed.splitlines() if "test row" in line)
    assert (networks(run), stamps(run)) == (before, when)
    after = test_of(run / "ensemble")
    different = [row for row in range(len(after)) if not np.array_equal(after[row], answers[row])]
    assert different == [0]
    if change == "content":
        np.testing.assert_allclose(after[0], after[5], atol=1e-6)
    status, printed, _ = cli("run", data, "--recipe", tiny_file, "--out", run)  # and that is all
    assert (status, "predicted again" in printed) == (0, False)


def test_a_removed_test_row_leaves_the_others(data: Path, run: Path, tiny_file: Path, cli: Cli) -> None:
    for name in ("test.csv", "sample_submission.csv"):
        lines = (data / name).read_text().splitlines(keepends=True)
        (data / name).write_text("".join(lines[:-1]))
    before, answers = networks(run), test_of(run / "ensemble")
    status, _, errors = cli("run", data, "--recipe", tiny_file, "--out", run)
    assert (status, errors) == (0, "")
    assert networks(run) == before
    np.testing.assert_allclose(test_of(run / "ensemble"), answers[:-1], atol=1e-6)
    assert len((run / "submission.csv").read_text().splitlines()) == len(answers)


def test_a_folder_of_an_older_version_is_not_trained_again(data: Path, run: Path, tiny_file: Path, cli: Cli) -> None:
    (run / "inputs.parquet").unlink()
    for path in run.glob("members/*/*/done.json"):
        Done.read(path.parent).model_copy(update={"test": ""}).write(path.parent)
    assert cli("run", data, "--recipe", tiny_file, "--out", run)[0] == 0
    (run / "inputs.parquet").unlink()
    one, other = column(data / "test.csv")[:6:5]
    CHANGES["content"](data / "test", one, other)
    before = networks(run)
    status, _, errors = cli("run", data, "--recipe", tiny_file, "--out", run)
    assert (status, "fold0" in errors) == (2, True)
    assert networks(run) == before


def test_a_training_that_was_stopped_continues_where_only_test_rows_have_changed(
    data: Path, tiny_file: Path, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fingerprint of its checkpoint does not depend on the test rows."""
    seen: list[str] = []
    real = fold_module.fold_job

    def recorded(*arguments: Any, **changes: Any) -> FitJob:
        job = real(*arguments, **changes)
        seen.append(job.fingerprint)
        return job

    monkeypatch.setattr(fold_module, "fold_job", recorded)
    arguments = ("run", data, "--recipe", tiny_file, "--set", "training.epochs=1", "--set", "folds.train=[0]")
    assert cli(*arguments, "--out", tmp_path / "one")[0] == 0
    one, other = column(data / "test.csv")[:6:5]
    CHANGES["content"](data / "test", one, other)
    assert cli(*arguments, "--out", tmp_path / "two")[0] == 0
    assert seen[0] == seen[1]
    one, other = column(data / "train.csv")[:6:5]
    CHANGES["content"](data / "train", one, other)
    assert cli(*arguments, "--out", tmp_path / "three")[0] == 0
    assert seen[2] != seen[0]


def test_finished_networks_keep_their_folds(
    drawn: Path, run: Path, tiny_file: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test images and the audit decide which rows are related, and so the folds."""
    real = split_module.make_folds

    def other(*arguments: Any) -> tuple[list[Fold], np.ndarray]:
        _, assignment = real(*arguments)
        turned = (assignment + 1) % 2
        return folds_of(turned, np.arange(turned.shape[1])), turned

    monkeypatch.setattr(split_module, "make_folds", other)
    before, when = networks(run), stamps(run)
    status, printed, errors = cli("run", drawn, "--recipe", tiny_file, "--out", run)
    assert (status, errors) == (0, "")
    assert "folds of the trained networks are kept" in printed
    assert (networks(run), stamps(run)) == (before, when)


def test_a_lost_state_is_written_again(drawn: Path, run: Path, tiny_file: Path, cli: Cli) -> None:
    before, when = networks(run), stamps(run)
    content = State.read(run)
    (run / "state.json").unlink()
    assert cli("run", drawn, "--recipe", tiny_file, "--out", run)[0] == 0
    assert State.read(run) == content
    assert (networks(run), stamps(run)) == (before, when)


def test_groups_that_the_test_rows_decide_stay_with_finished_networks(
    data: Path, run: Path, tiny_file: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = relate_module.find_related

    def other(*arguments: Any) -> tuple[Relations, np.ndarray]:
        found, group = real(*arguments)
        return found, np.arange(len(group)) // 2

    monkeypatch.setattr(relate_module, "find_related", other)
    one, another = column(data / "test.csv")[:6:5]
    CHANGES["content"](data / "test", one, another)
    before, when, rows = networks(run), stamps(run), (run / "folds.parquet").read_bytes()
    status, _, errors = cli("run", data, "--recipe", tiny_file, "--out", run)
    assert (status, errors) == (0, "")
    assert (networks(run), stamps(run)) == (before, when)
    assert (run / "folds.parquet").read_bytes() == rows


def test_a_check_finds_changed_training_images_too(data: Path, run: Path, tiny_file: Path, cli: Cli) -> None:
    assert cli("check", data, "--recipe", tiny_file, "--out", run)[0] == 0
    one, other = column(data / "train.csv")[:6:5]
    CHANGES["content"](data / "train", one, other)
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*")}
    status, _, errors = cli("check", data, "--recipe", tiny_file, "--out", run)
    assert (status, one in errors) == (2, True)
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*")} == before
