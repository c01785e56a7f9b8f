"""The main job through the command line, on drawings: files, answers, summary, going on, refusing."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

import sketchfit
from sketchfit.errors import UserError
from tests.factories import probabilities, rows_of

Cli = Callable[..., tuple[int, str, str]]
TRAIN, TEST, CLASSES = 32, 12, 4
FOLD = Path("members/test_resnet")


@pytest.fixture(scope="module")
def finished(drawn: Path, tiny_file: Path, cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A whole run with every default stage, and what it printed. Not to be changed."""
    out = tmp_path_factory.mktemp("finished") / "run"
    stages = ["audit.enabled=true", "inference.views=[hflip]", "calibration.method=temperature", "report.enabled=true"]
    status, printed, errors = cli(
        "run", drawn, "--recipe", tiny_file, "--out", out, *(text for s in stages for text in ("--set", s))
    )
    assert status == 0, errors
    assert not list(out.rglob("*.part"))
    return out, printed


@pytest.fixture
def copy_of_plain(plain: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(plain, tmp_path / "run"))


def stamps(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_exactly_these_files(finished: tuple[Path, str], plain: Path) -> None:
    files = {path.relative_to(plain).as_posix() for path in plain.rglob("*") if path.is_file()}
    a_fold = {"done.json", "history.csv", "model.safetensors", "oof.npz", "test.npz"}
    expected = {"recipe.yaml", "environment.json", "state.json", "folds.parquet", "submission.csv"}
    expected |= {"inputs.parquet", "finished.json", "log.txt", ".sketchfit", ".writer.lock"}
    expected |= {"audit/directions.json", "audit/relations.json", "audit/relations.npz"}
    expected |= {"audit/findings.json", "ensemble/oof.npz", "ensemble/test.npz", "ensemble/weights.json"}
    expected |= {f"{FOLD.as_posix()}/fold{k}/{name}" for k in (0, 1) for name in a_fold}
    assert expected <= files
    assert {name for name in files - expected if not name.startswith("ensemble/")} == set()
    folder = finished[0]
    assert {path.name for path in folder.iterdir()} == {path.name for path in plain.iterdir()} | {
        "report",
        "index.html",
    }
    assert (folder / "report" / "index.html").is_file()
    assert (folder / "index.html").is_file()


def test_labels_are_reviewed_for_one_run_on_the_pages_of_the_audit_and_the_report(finished: tuple[Path, str]) -> None:
    found = []
    for page in ("audit", "report"):
        text = (finished[0] / page / "index.html").read_text(encoding="utf-8")
        data = re.search(r'id="review-data">(.*?)</script>', text, re.DOTALL)
        assert data
        found.append(json.loads(data[1]))
    audit, report = found
    assert audit["command"] == report["command"]
    assert str(finished[0] / "recipe.yaml") in audit["command"]
    assert (audit["key"], audit["names"], audit["counts"]) == (report["key"], report["names"], report["counts"])


def test_the_submission_answers_the_sample(finished: tuple[Path, str], drawn: Path) -> None:
    folder, _ = finished
    assert (folder / "submission.csv").read_bytes().startswith(b"ID,image_path,target\n")
    sample, answer = rows_of(drawn / "sample_submission.csv"), rows_of(folder / "submission.csv")
    assert [(row["ID"], row["image_path"]) for row in answer] == [(row["ID"], row["image_path"]) for row in sample]
    rows, prob = probabilities(folder / "ensemble" / "test.npz")
    assert rows.tolist() == list(range(TEST))
    assert [int(row["target"]) for row in answer] == prob.argmax(axis=1).tolist()


def test_every_training_row_is_validated_once(plain: Path) -> None:
    folds = pd.read_parquet(plain / "folds.parquet")
    assert list(folds.columns) == ["row", "image_path", "label", "group", "copies", "fold"]
    assert folds["row"].tolist() == list(range(TRAIN))
    assert pd.crosstab(folds["label"], folds["fold"]).to_numpy().tolist() == [[4, 4]] * CLASSES
    seen = []
    for k in (0, 1):
        rows, prob = probabilities(plain / FOLD / f"fold{k}" / "oof.npz")
        assert rows.tolist() == np.flatnonzero(folds["fold"] == k).tolist()
        assert rows.dtype == np.int64
        assert prob.dtype == np.float32
        assert prob.shape == (len(rows), CLASSES)
        np.testing.assert_allclose(prob.sum(axis=1), 1, rtol=1e-5)
        seen += rows.tolist()
    assert sorted(seen) == list(range(TRAIN))
    rows, prob = probabilities(plain / "ensemble" / "oof.npz")
    assert rows.tolist() == list(range(TRAIN))
    for k in (0, 1):
        of_fold, expected = probabilities(plain / FOLD / f"fold{k}" / "oof.npz")
        np.testing.assert_allclose(prob[of_fold], expected, atol=1e-6)


def test_test_probabilities_are_the_mean_over_folds(plain: Path) -> None:
    _, prob = probabilities(plain / "ensemble" / "test.npz")
    folds = [probabilities(plain / FOLD / f"fold{k}" / "test.npz")[1] for k in (0, 1)]
    np.testing.assert_allclose(prob, np.mean(folds, axis=0), atol=1e-6)
    assert not np.allclose(folds[0], folds[1])


def test_groups_of_the_audit_share_a_fold(finished: tuple[Path, str]) -> None:
    folds = pd.read_parquet(finished[0] / "folds.parquet")
    assert (folds.groupby("group")["fold"].nunique() == 1).all()


def test_the_summary_says_how_good_how_long_and_where(finished: tuple[Path, str], drawn: Path) -> None:
    folder, printed = finished
    rows, prob = probabilities(folder / "ensemble" / "oof.npz")
    state = json.loads((folder / "state.json").read_text())
    label = pd.read_csv(drawn / "train.csv")["target"].to_numpy()
    top1 = 100 * (prob.argmax(axis=1) == label[rows]).mean()
    line = next(line for line in printed.splitlines() if line.startswith("out-of-fold top-1"))
    assert f"{top1:.1f} %" in line
    assert f"n = {TRAIN}" in line
    assert "95 % interval" in line
    assert any(line.startswith("out-of-fold top-5") for line in printed.splitlines())
    assert str(folder / "submission.csv") in printed
    assert any(line.startswith("time ") for line in printed.splitlines())
    assert state["class_names"] == sorted(state["class_names"])
    assert state["rows"] == {"train": TRAIN, "test": TEST}
    assert "\x1b" not in printed  # no colours and bars where the output is no terminal
    assert all(f"fold{k}  epoch 2/2" in printed for k in (0, 1))


def test_the_recipe_is_written_whole(plain: Path, tiny: dict[str, Any]) -> None:
    written = yaml.safe_load((plain / "recipe.yaml").read_text())
    assert written["training"]["epochs"] == tiny["training"]["epochs"]
    assert written["optimizer"]["weight_decay"] == 0.05  # a default
    environment = json.loads((plain / "environment.json").read_text())
    assert environment["packages"]["torch"]


def test_the_same_command_does_nothing_again(
    copy_of_plain: Path, drawn: Path, tiny_file: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr("sketchfit.training.fit._train_epoch", never)
    before = stamps(copy_of_plain)
    submission = (copy_of_plain / "submission.csv").read_bytes()
    status, printed, _ = cli("run", drawn, "--recipe", tiny_file, "--out", copy_of_plain)
    assert status == 0
    assert "out-of-fold top-1" in printed
    after = stamps(copy_of_plain)
    assert after.keys() == before.keys()
    members = [name for name in before if name.startswith("members/")]
    assert {name: after[name] for name in members} == {name: before[name] for name in members}
    assert (copy_of_plain / "submission.csv").read_bytes() == submission


@pytest.mark.parametrize("change", ["training.epochs=1", "seed=1", "data.resize=ink", "folds.k=3", "model.mean=0.4"])
def test_a_changed_recipe_is_refused_by_name(
    change: str, copy_of_plain: Path, drawn: Path, tiny_file: Path, cli: Cli
) -> None:
    before = stamps(copy_of_plain)
    status, _, errors = cli("run", drawn, "--recipe", tiny_file, "--out", copy_of_plain, "--set", change)
    assert status == 2
    assert change.partition("=")[0] in errors
    assert "--fresh" in errors
    assert stamps(copy_of_plain) == before


def test_another_table_is_refused(copy_of_plain: Path, drawn: Path, tiny_file: Path, cli: Cli, tmp_path: Path) -> None:
    data = Path(shutil.copytree(drawn, tmp_path / "data"))
    lines = (data / "train.csv").read_text().splitlines(keepends=True)
    (data / "train.csv").write_text("".join(lines[:-1]))
    status, _, errors = cli("run", data, "--recipe", tiny_file, "--out", copy_of_plain)
    assert status == 2
    assert "train/apple" in errors
    assert "no longer there" in errors


def test_fresh_starts_over(copy_of_plain: Path, drawn: Path, tiny_file: Path, cli: Cli) -> None:
    status, _, _ = cli(
        "run", drawn, "--recipe", tiny_file, "--out", copy_of_plain, "--set", "training.epochs=1", "--fresh"
    )
    assert status == 0
    assert len(rows_of(copy_of_plain / FOLD / "fold0" / "history.csv")) == 1


@pytest.mark.parametrize("fresh", [[], ["--fresh"]])
def test_a_folder_that_is_no_run_is_left_alone(
    fresh: list[str], drawn: Path, tiny_file: Path, cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    status, _, errors = cli("run", drawn, "--recipe", tiny_file, "--out", tmp_path, *fresh)
    assert status == 2
    assert "holds no run" in errors
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_recipe_that_failed_before_training_can_be_mended(
    drawn: Path, tiny_file: Path, cli: Cli, tmp_path: Path
) -> None:
    """A misspelt backbone is found once the folder is there; the mended recipe must not need --fresh."""
    out = tmp_path / "run"
    status, _, errors = cli("run", drawn, "--recipe", tiny_file, "--out", out, "--set", "model.backbone=test_resnett")
    assert (status, "no model 'test_resnett'" in errors) == (2, True)
    status, _, errors = cli("run", drawn, "--recipe", tiny_file, "--out", out)
    assert (status, errors) == (0, "")


def test_what_a_kill_left_beside_the_files_goes(copy_of_plain: Path, drawn: Path, tiny_file: Path, cli: Cli) -> None:
    remains = [
        copy_of_plain / ".recipe.yaml.99999999.part",
        copy_of_plain / FOLD / "fold0" / ".last.ckpt.99999999.part",
    ]
    for path in remains:
        path.write_bytes(b"half")
    assert cli("run", drawn, "--recipe", tiny_file, "--out", copy_of_plain)[0] == 0
    assert not any(path.exists() for path in remains)


def test_a_kill_while_the_folder_is_made_stops_nobody(drawn: Path, tiny_file: Path, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".recipe.yaml.99999999.part").write_text("seed: ")
    assert cli("run", drawn, "--recipe", tiny_file, "--out", tmp_path / "run", "--set", "folds.train=[0]")[0] == 0


def test_one_fold_then_all(drawn: Path, tiny_file: Path, cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert cli("run", drawn, "--recipe", tiny_file, "--out", out, "--set", "folds.train=[1]")[0] == 0
    folds = pd.read_parquet(out / "folds.parquet")
    rows, _ = probabilities(out / "ensemble" / "oof.npz")
    assert rows.tolist() == np.flatnonzero(folds["fold"] == 1).tolist()
    assert not (out / FOLD / "fold0").exists()
    assert len(rows_of(out / "submission.csv")) == TEST
    before = stamps(out / FOLD / "fold1")
    assert cli("run", drawn, "--recipe", tiny_file, "--out", out)[0] == 0
    assert stamps(out / FOLD / "fold1") == before
    assert len(probabilities(out / "ensemble" / "oof.npz")[0]) == TRAIN


def test_a_fold_that_does_not_exist(drawn: Path, tiny_file: Path, cli: Cli, tmp_path: Path) -> None:
    status, _, errors = cli(
        "run", drawn, "--recipe", tiny_file, "--out", tmp_path / "r", "--set", "folds.train=[0, 2, 7]"
    )
    assert status == 2
    assert "[2, 7]" in errors
    assert "0 to 1" in errors


def test_holdout(drawn: Path, tiny: dict[str, Any], tmp_path: Path) -> None:
    result = sketchfit.run(drawn, tiny, {"folds": {"holdout": 0.25}}, tmp_path / "run")
    folds = pd.read_parquet(tmp_path / "run" / "folds.parquet")
    assert Counter(folds["fold"]) == {0: 8, -1: 24}
    rows, _ = probabilities(tmp_path / "run" / "ensemble" / "oof.npz")
    assert rows.tolist() == np.flatnonzero(folds["fold"] == 0).tolist()
    assert result.top1.n == 8
    assert [path.name for path in (tmp_path / "run" / FOLD).iterdir()] == ["fold0"]


def test_a_holdout_of_no_row_is_told(drawn: Path, tiny: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no row is left to validate"):
        sketchfit.run(drawn, tiny, {"folds": {"holdout": 0.001}}, tmp_path / "run")


def test_repeats(drawn: Path, tiny: dict[str, Any], tmp_path: Path) -> None:
    sketchfit.run(drawn, tiny, {"folds": {"repeats": 2}, "training": {"epochs": 1}}, tmp_path / "run")
    folds = pd.read_parquet(tmp_path / "run" / "folds.parquet")
    assert not folds["fold_0"].equals(folds["fold_1"])
    single = {k: probabilities(tmp_path / "run" / FOLD / f"fold{k}" / "oof.npz") for k in range(4)}
    assert single[2][0].tolist() == np.flatnonzero(folds["fold_1"] == 0).tolist()
    rows, prob = probabilities(tmp_path / "run" / "ensemble" / "oof.npz")
    assert rows.tolist() == list(range(TRAIN))
    row = 5
    both = [prob[list(rows).index(row)] for rows, prob in single.values() if row in rows]
    assert len(both) == 2
    np.testing.assert_allclose(prob[row], np.mean(both, axis=0), atol=1e-6)


def test_a_fold_column_of_the_table(drawn: Path, tiny: dict[str, Any], tmp_path: Path) -> None:
    data = Path(shutil.copytree(drawn, tmp_path / "data"))
    table = pd.read_csv(data / "train.csv")
    table["part"] = np.arange(TRAIN) % 3 + 1
    table.to_csv(data / "train.csv", index=False)
    settings = {"folds": {"column": "part", "train": [2]}, "training": {"epochs": 1}}
    sketchfit.run(data, tiny, settings, tmp_path / "run")
    assert pd.read_parquet(tmp_path / "run" / "folds.parquet")["fold"].tolist() == [k % 3 for k in range(TRAIN)]
    with pytest.raises(UserError, match="no column 'prat'"):
        sketchfit.run(data, tiny, {"folds": {"column": "prat"}}, tmp_path / "other")


def test_two_members(drawn: Path, tiny: dict[str, Any], tmp_path: Path) -> None:
    members = {"small": {}, "eff": {"model": {"backbone": "test_efficientnet", "input_size": 40}, "seed": 4}}
    settings = {"members": members, "folds": {"train": [0]}, "training": {"epochs": 1}}
    sketchfit.run(drawn, tiny, {**settings, "ensemble": {"method": "mean"}}, tmp_path / "run")
    parts = [probabilities(tmp_path / "run" / "members" / name / "fold0" / "test.npz")[1] for name in members]
    assert not np.allclose(*parts)
    _, prob = probabilities(tmp_path / "run" / "ensemble" / "test.npz")
    np.testing.assert_allclose(prob, np.mean(parts, axis=0), atol=1e-6)


def test_no_test_set(drawn: Path, tiny: dict[str, Any], tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(drawn / "train", data / "train")
    shutil.copy(drawn / "train.csv", data)
    result = sketchfit.run(data, tiny, {"folds": {"train": [0]}}, tmp_path / "run")
    assert result.submission is None
    assert not (tmp_path / "run" / "submission.csv").exists()
    assert result.top1.n == TRAIN // 2


def test_a_folder_a_class_and_a_test_folder(drawn: Path, tiny: dict[str, Any], cli: Cli, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(drawn / "train", data / "train")
    shutil.copytree(drawn / "test", data / "test")
    result = sketchfit.run(data, tiny, {"folds": {"train": [0]}}, tmp_path / "run")
    assert result.submission is not None
    answer = rows_of(result.submission)
    assert len(answer) == TEST
    assert {row["image_path"] for row in answer} == {path.name for path in (data / "test").iterdir()}
    names = json.loads((tmp_path / "run" / "state.json").read_text())["class_names"]
    assert names == sorted(path.name for path in (data / "train").iterdir())


def test_columns_are_named_on_the_command_line(drawn: Path, tiny_file: Path, cli: Cli, tmp_path: Path) -> None:
    data = Path(shutil.copytree(drawn, tmp_path / "data"))
    table = pd.read_csv(data / "train.csv").drop(columns="class_name")
    table.columns = ["0", "1"]  # names that YAML would read as numbers
    table.to_csv(data / "train.csv", index=False)
    status, _, errors = cli(
        "run", data, "--recipe", tiny_file, "--out", tmp_path / "run", "--set", "folds.train=[0]",
        "--image-column", "0", "--label-column", "1",
    )  # fmt: skip
    assert (status, errors) == (0, "")


def test_strict_stops_at_an_unreadable_image(drawn: Path, tiny_file: Path, cli: Cli, tmp_path: Path) -> None:
    data = Path(shutil.copytree(drawn, tmp_path / "data"))
    names = [
        f"train/{rows_of(data / 'train.csv')[3]['image_path']}",
        f"test/{rows_of(data / 'test.csv')[1]['image_path']}",
    ]
    for name in names:
        (data / name).write_bytes(b"not an image")
    status, _, errors = cli("run", data, "--recipe", tiny_file, "--out", tmp_path / "run", "--strict")
    assert status == 2
    assert all(name in errors for name in names)
    status, printed, errors = cli("run", data, "--recipe", tiny_file, "--out", tmp_path / "run")
    assert (status, errors) == (0, "")
    assert all(name in printed for name in names)


def test_python_api(drawn: Path, tiny: dict[str, Any], plain: Path, tmp_path: Path) -> None:
    result = sketchfit.run(str(drawn), tiny, out=str(tmp_path / "run"))
    assert result.folder == tmp_path / "run"
    assert result.submission == tmp_path / "run" / "submission.csv"
    assert result.submission.read_bytes() == (plain / "submission.csv").read_bytes()
    rows, prob = probabilities(tmp_path / "run" / "ensemble" / "oof.npz")
    label = pd.read_csv(drawn / "train.csv")["target"].to_numpy()[rows]
    assert result.top1.value == pytest.approx((prob.argmax(axis=1) == label).mean())
    assert result.unreadable_train == result.unreadable_test == {}
    frame = sketchfit.predict(result.folder, drawn / "test")
    assert len(frame) == TEST
    assert (result.report, result.claim, result.run.kind) == (None, None, "run")


def test_a_default_folder_is_named_after_data_and_recipe(
    drawn: Path, tiny_file: Path, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli("run", os.path.relpath(drawn), "--recipe", tiny_file, "--set", "folds.train=[0]")[0] == 0
    (submission,) = (tmp_path / "runs").glob("data-tiny-??????/submission.csv")
    assert cli("run", os.path.relpath(drawn), "--recipe", tiny_file, "--set", "folds.train=[0]")[0] == 0
    assert list((tmp_path / "runs").iterdir()) == [submission.parent]
