"""After training: labelling new images with a run or with one network of all rows, and scoring answers."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import fsspec
import numpy as np
import pandas as pd
import pytest

from tests.factories import probabilities, rows_of

Cli = Callable[..., tuple[int, str, str]]
TRAIN, TEST, CLASSES = 32, 12, 4


def test_predict_images_folders_and_tables(plain: Path, drawn: Path, cli: Cli, tmp_path: Path) -> None:
    state = json.loads((plain / "state.json").read_text())
    _, prob = probabilities(plain / "ensemble" / "test.npz")
    status, printed, _ = cli("predict", plain, drawn / "test.csv")
    assert status == 0
    table = pd.read_csv(io.StringIO(printed), keep_default_na=False)
    assert list(table.columns) == [
        *("image", "label", "index", "name", "probability"),
        *(f"{what}_{rank}" for rank in range(1, CLASSES + 1) for what in ("label", "probability")),
        "error",
    ]
    assert table["image"].tolist() == pd.read_csv(drawn / "test.csv")["image_path"].tolist()
    assert table["label"].tolist() == prob.argmax(axis=1).tolist()
    np.testing.assert_allclose(table["probability"], prob.max(axis=1), atol=2e-4)
    assert [state["class_names"][label] for label in table["label"]] == table["name"].tolist()
    for rank in range(CLASSES):
        assert table[f"label_{rank + 1}"].tolist() == np.argsort(-prob, axis=1)[:, rank].tolist()
        np.testing.assert_allclose(table[f"probability_{rank + 1}"], np.sort(prob)[:, -1 - rank], atol=2e-4)

    (tmp_path / "bad.png").write_bytes(b"nothing")
    image = next((drawn / "test").iterdir())
    status, _, _ = cli("predict", plain, image, tmp_path / "bad.png", drawn / "test", "--out", tmp_path / "p.csv")
    assert status == 0
    rows = rows_of(tmp_path / "p.csv")
    assert len(rows) == 2 + TEST
    assert rows[1]["error"]
    assert rows[1]["label"] == rows[1]["index"] == rows[1]["probability"] == rows[1]["label_1"] == ""
    assert not any(row["error"] for row in [rows[0], *rows[2:]])
    by_name = {row["image"]: row["label"] for row in rows[2:]}
    assert by_name[image.name] == rows[0]["label"]


def test_predict_of_no_readable_image_is_an_error_with_its_table(plain: Path, cli: Cli, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"nothing")
    status, printed, errors = cli("predict", plain, tmp_path / "a.png", tmp_path / "b.png")
    assert status == 2
    assert [row["error"] != "" for row in csv.DictReader(io.StringIO(printed))] == [True, True]
    assert "a.png" in errors


def test_images_of_one_name_in_several_folders_stay_apart(plain: Path, drawn: Path, cli: Cli, tmp_path: Path) -> None:
    first, second, *_ = sorted((drawn / "test").iterdir())
    for folder, image in (("one", first), ("two", second)):
        (tmp_path / folder).mkdir()
        shutil.copy(image, tmp_path / folder / "x.jpeg")
    shutil.copy(first, tmp_path / "one" / "y.jpeg")
    _, printed, _ = cli("predict", plain, tmp_path / "one", tmp_path / "two")
    images = [row["image"] for row in csv.DictReader(io.StringIO(printed))]
    assert images == [str(tmp_path / "one" / "x.jpeg"), "y.jpeg", str(tmp_path / "two" / "x.jpeg")]


def test_images_at_an_address_are_predicted_as_files_are(
    plain: Path, drawn: Path, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKETCHFIT_CACHE", str(tmp_path))
    image, memory = min((drawn / "test").iterdir()), fsspec.filesystem("memory")
    for one in ("one", "two"):
        memory.pipe_file(f"/drawings/{one}/{image.name}", image.read_bytes())
    address = f"memory://drawings/one/{image.name}"
    named = [image, "memory://drawings/one", "memory://drawings/two", address]
    try:
        status, _, errors = cli("predict", plain, *named, "--out", tmp_path / "p.csv")
    finally:
        memory.rm("/drawings", recursive=True)
    assert status == 0, errors
    rows = rows_of(tmp_path / "p.csv")
    assert [row["image"] for row in rows] == [
        *(str(image), address, f"memory://drawings/two/{image.name}", address),
    ]
    assert len({tuple(list(row.values())[1:]) for row in rows}) == 1


def test_an_address_of_another_kind_is_refused_with_the_kinds(plain: Path, cli: Cli) -> None:
    status, printed, errors = cli("predict", plain, "https://example.org/photo.png")
    assert (status, printed) == (2, "")
    assert "s3://" in errors


def test_predict_needs_a_run_and_images(plain: Path, cli: Cli, tmp_path: Path) -> None:
    for arguments in (
        (tmp_path, tmp_path),
        (plain, tmp_path / "gone.png"),
        (plain, tmp_path),
    ):
        status, printed, errors = cli("predict", *arguments)
        assert (status, printed) == (2, "")
        assert errors.startswith("error: ")


def test_fit_trains_on_every_row(drawn: Path, tiny_file: Path, cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "net"
    status, printed, errors = cli("fit", drawn, "--recipe", tiny_file, "--out", out)
    assert status == 0, errors
    assert "nothing held out" in printed
    assert rows_of(out / "members" / "test_resnet" / "fold0" / "history.csv")[0]["images"] == str(TRAIN)
    status, printed, _ = cli("predict", out, drawn / "test.csv")
    assert (status, len(printed.splitlines())) == (0, 1 + TEST)


def test_score(plain: Path, drawn: Path, cli: Cli, tmp_path: Path) -> None:
    truth = pd.read_csv(drawn / "test_labels.csv")
    answer = pd.read_csv(plain / "submission.csv")
    status, printed, _ = cli("score", plain, drawn / "test_labels.csv")
    assert status == 0
    assert f"{100 * (truth['target'] == answer['target']).mean():.1f} %" in printed.splitlines()[0]
    truth.drop(columns="target").to_csv(tmp_path / "names.csv", index=False)
    assert cli("score", plain, tmp_path / "names.csv")[1] == printed
    own = answer.sample(frac=1, random_state=0)
    own.to_csv(tmp_path / "own.csv", index=False)
    assert "100.0 %" in cli("score", plain, tmp_path / "own.csv")[1].splitlines()[0]  # rows are found by their image
    own.drop(columns="image_path").to_csv(tmp_path / "bare.csv", index=False)
    assert "100.0 %" in cli("score", plain, tmp_path / "bare.csv")[1].splitlines()[0]  # or by their ID
    answer[["target"]].to_csv(tmp_path / "labels.csv", index=False)
    status, printed, _ = cli("score", plain, tmp_path / "labels.csv")
    assert "position" in printed.splitlines()[0]
    assert "100.0 %" in printed.splitlines()[1]
    for name, content in {
        "short.csv": truth[:-1].to_csv(index=False),
        "column.csv": truth.drop(columns=["target", "class_name"]).to_csv(index=False),
        "label.csv": truth.assign(target=99).to_csv(index=False),
        "image.csv": truth.assign(image_path="x.jpg").to_csv(index=False),
        "binary.csv": "\x00\x01\x02" * 50,
        "empty.csv": "",
    }.items():
        (tmp_path / name).write_text(content)
        status, printed, errors = cli("score", plain, tmp_path / name)
        assert (status, printed) == (2, ""), name
        assert name in errors
    assert cli("score", plain, tmp_path / "gone.csv")[0] == 2
    assert cli("score", tmp_path, drawn / "test_labels.csv")[0] == 2
