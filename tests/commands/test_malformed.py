"""Whole runs on damaged data: no traceback, no row lost, everything named."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.data import malformed

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], list[str]]:
    return malformed.data_with_malformed_images(tmp_path_factory.mktemp("damaged") / "data", rows_per_class=6)


@pytest.fixture(scope="module")
def answered(
    damaged: tuple[Path, list[str], list[str]], tiny_file: Path, cli: Cli, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """A run on it with the audit, and what it printed."""
    out = tmp_path_factory.mktemp("answered") / "run"
    settings = ("--set", "audit.enabled=true", "--set", "data.channels=auto")
    status, printed, errors = cli("run", damaged[0], "--recipe", tiny_file, "--out", out, *settings)
    assert status == 0, errors
    assert "Traceback" not in printed + errors
    return out, printed


def test_there_are_kinds_enough() -> None:
    kinds = {**malformed.unreadable_images(), **malformed.odd_images()}
    assert len(malformed.unreadable_images()) >= 20
    assert len(kinds) >= 25
    assert len(malformed.broken_tables()) >= 25


def test_every_test_row_is_answered_in_its_place(
    damaged: tuple[Path, list[str], list[str]], answered: tuple[Path, str]
) -> None:
    with (damaged[0] / "sample_submission.csv").open() as file:
        asked = [(row["ID"], row["image_path"]) for row in csv.DictReader(file)]
    with (answered[0] / "submission.csv").open() as file:
        answers = list(csv.DictReader(file))
    assert [(row["ID"], row["image_path"]) for row in answers] == asked
    assert all(row["target"] in {"0", "1", "2"} for row in answers)


def test_unreadable_test_rows_get_the_prior_and_no_other_does(
    damaged: tuple[Path, list[str], list[str]], answered: tuple[Path, str]
) -> None:
    root, bad_train, bad_test = damaged
    with (root / "test.csv").open() as file:
        names = [f"test/{row['image_path']}" for row in csv.DictReader(file)]
    with np.load(answered[0] / "ensemble" / "test.npz") as test, np.load(answered[0] / "ensemble" / "oof.npz") as oof:
        prob, rows = test["prob"], oof["row"]
    with (root / "train.csv").open() as file:
        train = list(csv.DictReader(file))
    label = np.array([int(row["target"]) for row in train])
    read = np.array([f"train/{row['image_path']}" not in bad_train for row in train])
    assert rows.tolist() == np.flatnonzero(read).tolist()  # dropped rows are neither trained nor validated on
    unreadable = np.array([name in bad_test for name in names])
    assert unreadable.sum() == len(bad_test)
    shares = np.bincount(label[read]) / read.sum()
    # The mean over folds of the classes' shares in what each was trained on.
    np.testing.assert_allclose(prob[unreadable], np.tile(shares, (len(bad_test), 1)), atol=0.03)
    assert (np.ptp(prob[unreadable], axis=0) < 1e-7).all()
    assert (np.abs(prob[~unreadable] - prob[unreadable][0]).max(axis=1) > 1e-4).all()
    np.testing.assert_allclose(prob.sum(axis=1), 1, rtol=1e-5)


def test_findings_name_every_image_that_could_not_be_read(
    damaged: tuple[Path, list[str], list[str]], answered: tuple[Path, str]
) -> None:
    _, bad_train, bad_test = damaged
    findings = json.loads((answered[0] / "audit" / "findings.json").read_text())
    text = json.dumps(findings)
    for name in (*bad_train, *bad_test):
        assert name.removeprefix("test/").removeprefix("train/") in text, name
    printed = answered[1]
    assert f"{len(bad_train)} training images cannot be read and are dropped" in printed
    assert f"{len(bad_test)} test images cannot be read and get the prior" in printed
    assert any("training images dropped" in line and str(len(bad_train)) in line for line in printed.splitlines())
    assert any("test images not read" in line and str(len(bad_test)) in line for line in printed.splitlines())


def test_without_an_audit_findings_name_them_too(
    damaged: tuple[Path, list[str], list[str]], tiny_file: Path, cli: Cli, tmp_path: Path
) -> None:
    root, bad_train, bad_test = damaged
    arguments = ("--recipe", tiny_file, "--out", tmp_path, "--set", "folds.train=[0]", "--set", "data.channels=auto")
    assert cli("run", root, *arguments)[0] == 0
    unreadable = json.loads((tmp_path / "audit" / "findings.json").read_text())["unreadable"]
    assert set(unreadable["train"]) == set(bad_train)
    assert set(unreadable["test"]) == set(bad_test)
    assert all(unreadable["train"].values())
    assert all(unreadable["test"].values())


@pytest.mark.parametrize("strict", [("--strict",), ("--set", "data.missing=error")])
def test_strict_stops_and_names_them_all(
    strict: tuple[str, ...], damaged: tuple[Path, list[str], list[str]], tiny_file: Path, cli: Cli, tmp_path: Path
) -> None:
    root, bad_train, bad_test = damaged
    arguments = ("--recipe", tiny_file, "--out", tmp_path / "run", "--set", "data.channels=auto", *strict)
    status, _, errors = cli("run", root, *arguments)
    assert status == 2
    assert "not_there.JPEG" in errors
    complete = shutil.copytree(root, tmp_path / "data")
    malformed.drawing(1).save(complete / "test" / "not_there.JPEG")
    status, _, errors = cli("run", complete, *arguments)
    assert status == 2
    assert f"{len(bad_train) + len(bad_test) - 1} images cannot be read" in errors
    for name in (*bad_train, *bad_test):
        assert (name in errors) == (name != "test/not_there.JPEG")


@pytest.mark.parametrize("broken", malformed.broken_tables(), ids=lambda broken: broken.kind)
@pytest.mark.parametrize("command", ["run", "fit"])
def test_broken_tables_end_in_words(
    command: str, broken: malformed.BrokenTable, tiny_file: Path, cli: Cli, tmp_path: Path
) -> None:
    data = malformed.good_data(tmp_path / "data")
    broken.spoil(data)
    out = tmp_path / "run"
    status, printed, errors = cli(command, data, "--recipe", tiny_file, "--out", out)
    assert (status, printed) == (2, "")
    assert errors.startswith("error: ")
    assert "Traceback" not in errors
    assert not out.exists()


def test_a_training_set_of_nothing_readable(tiny_file: Path, cli: Cli, tmp_path: Path) -> None:
    data = malformed.good_data(tmp_path / "data")
    for path in (data / "train").rglob("*.JPEG"):
        path.write_bytes(b"")
    status, _, errors = cli("run", data, "--recipe", tiny_file, "--out", tmp_path / "run")
    assert status == 2
    assert "no training image can be read" in errors


def test_a_test_set_of_nothing_readable(tiny_file: Path, cli: Cli, tmp_path: Path) -> None:
    data = malformed.good_data(tmp_path / "data")
    for path in (data / "test").iterdir():
        path.write_bytes(b"")
    settings = ("--set", "folds.train=[0]", "--set", "data.channels=auto")
    status, _, errors = cli("run", data, "--recipe", tiny_file, "--out", tmp_path / "run", *settings)
    assert (status, errors) == (0, "")
    with np.load(tmp_path / "run" / "ensemble" / "test.npz") as file:
        np.testing.assert_allclose(file["prob"], 1 / 3, atol=1e-6)


def test_a_class_that_loses_its_images(tiny_file: Path, cli: Cli, tmp_path: Path) -> None:
    """All drawings of one class are damaged: the others are still told apart."""
    data = malformed.good_data(tmp_path / "data")
    for path in (data / "train" / "bus").iterdir():
        path.write_bytes(b"")
    settings = ("--set", "folds.train=[0]", "--set", "data.channels=auto", "--set", "loss.class_weights=balanced")
    status, printed, errors = cli("run", data, "--recipe", tiny_file, "--out", tmp_path / "run", *settings)
    assert (status, errors) == (0, "")
    assert "nan" not in printed
