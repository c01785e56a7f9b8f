"""Tables of a run, worked out by hand on a run of six rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sketchfit.runs.run import Run
from sketchfit.runs.table import TrainingRows, write_training_rows
from tests.factories import write_run

LABEL = np.array([0, 0, 0, 1, 1, 2])
BEST = np.array([0, 0, 1, 1, 0, 2])
GROUP = np.array([0, 0, 2, 3, 4, 5])


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run whose rows have the labels `LABEL` of four classes and are predicted as `BEST`, rows in another order."""
    folder = write_run(tmp_path / "made", tmp_path / "drawings", classes=4)
    paths = tuple(f"{row}.png" for row in range(6))
    write_training_rows(folder / "folds.parquet", TrainingRows(paths, LABEL, GROUP, np.arange(6)[None] % 2))
    prob = np.full((6, 4), 0.1, np.float32)
    prob[np.arange(6), BEST] = 0.7
    np.savez(folder / "ensemble" / "oof.npz", row=np.arange(6), prob=prob)
    return Run.open(folder)


def test_out_of_fold_rows(run: Run) -> None:
    table = run.tables.oof()
    assert table["image"].tolist() == [f"{row}.png" for row in range(6)]
    assert table["label"].tolist() == ["0", "0", "0", "1", "1", "2"]
    assert table["predicted"].tolist() == ["0", "0", "1", "1", "0", "2"]
    assert table["correct"].tolist() == [True, True, False, True, False, True]
    assert table["true_probability"].tolist() == pytest.approx([0.7, 0.7, 0.1, 0.7, 0.1, 0.7])
    assert table["fold"].tolist() == [0, 1, 0, 1, 0, 1]
    assert table["group"].tolist() == GROUP.tolist()
    assert table["name"].tolist()[0] == "class <0>"


def test_classes_worst_first(run: Run) -> None:
    table = run.tables.classes().set_index("label")
    assert list(table.index) == ["1", "0", "2", "3"]
    assert table["n"].to_dict() == {"0": 3, "1": 2, "2": 1, "3": 0}
    assert table["accuracy"].round(3).tolist()[:3] == [0.5, 0.667, 1.0]
    assert table["predicted"].to_dict() == {"0": 3, "1": 2, "2": 1, "3": 0}
    assert table["precision"].round(3).to_dict()["0"] == 0.667
    known = table.iloc[:3]
    assert (known["low"] < known["accuracy"]).all()
    assert (known["high"] >= known["accuracy"]).all()
    assert table.loc["3", ["accuracy", "low", "precision"]].isna().all()


def test_near_duplicates_widen_the_interval(run: Run) -> None:
    low = run.tables.classes().set_index("label")["low"]["0"]
    rows = run.rows
    run.__dict__["rows"] = TrainingRows(rows.paths, rows.label, np.arange(6), rows.folds)
    assert low < run.tables.classes().set_index("label")["low"]["0"]


def test_confusions(run: Run) -> None:
    table = run.tables.confusion()
    assert table.to_numpy().tolist() == [[2, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    assert table.loc["0", "1"] == 1


def test_steps_and_test_rows(old: Path) -> None:
    run = Run.open(old / "run")
    steps, test = run.tables.steps(), run.tables.test()
    assert steps["step"].tolist() == [step.name for step in run.steps]
    assert steps["top1"].tolist() == [step.top1.value for step in run.steps]
    assert steps["gain"].isna().tolist() == [step.gain is None for step in run.steps]
    assert test["image"].tolist() == list(run.table.test_names)
    assert test["predicted"].tolist() == [run.table.class_labels[k] for k in run.test().prob.argmax(axis=1)]


def test_a_run_without_steps_has_an_empty_table(run: Run) -> None:
    assert run.tables.steps().empty
    assert "top1" in run.tables.steps()


def test_a_notebook_shows_facts_and_escapes_names(old: Path, run: Run) -> None:
    shown = Run.open(old / "run")._repr_html_()
    assert "40 train" in shown
    assert "out of fold" in shown
    assert "out of fold" not in run._repr_html_()
    (old / "run").rename(old / "<b>")
    assert "&lt;b&gt;" in Run.open(old / "<b>")._repr_html_()
