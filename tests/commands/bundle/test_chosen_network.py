"""Which network of a run is chosen, by out-of-fold rows that are written by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sketchfit.commands.bundle.chosen_network import HeldOut, choose_network
from sketchfit.commands.bundle.facts import accuracy_of, set_thresholds
from sketchfit.errors import UserError
from sketchfit.runs.artefacts import Cost, DistilledStudent, WithoutTeacher
from sketchfit.runs.estimates import Difference, Estimate
from sketchfit.runs.run import Run
from tests.factories import write_run

CLASSES, ROWS = 4, 80


def answers(wrong: list[int], sure: float = 0.7) -> np.ndarray:
    """Probabilities of the 80 rows of `write_run`: `sure` for the true class, for another one in the rows given."""
    label = np.repeat(np.arange(CLASSES), ROWS // CLASSES)
    label[wrong] = (label[wrong] + 1) % CLASSES
    prob = np.full((ROWS, CLASSES), (1 - sure) / (CLASSES - 1), np.float32)
    prob[np.arange(ROWS), label] = sure
    return prob


def write_networks(run: Path, name: str, prob: np.ndarray) -> None:
    """Two networks; that of fold k validates the rows whose number is k modulo 2."""
    for fold in range(2):
        place = run / ("derived" if "+" in name else "members") / name / f"fold{fold}"
        place.mkdir(parents=True, exist_ok=True)
        rows = np.arange(fold, ROWS, 2)
        np.savez(place / "oof.npz", row=rows, prob=prob[rows])
        (place / "done.json").write_text(json.dumps({"fingerprint": "", "seconds": 1.0}))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """`member0` has 9 rows wrong, 8 of them in fold 0; `member1` has 20 wrong. The run's own answer has 5 wrong."""
    folder = write_run(tmp_path / "run", tmp_path / "data", classes=CLASSES)
    write_networks(folder, "member0", answers([0, 2, 4, 6, 20, 22, 24, 26, 1]))
    write_networks(folder, "member1", answers(list(range(20))))
    np.savez(folder / "ensemble" / "oof.npz", row=np.arange(ROWS), prob=answers([0, 2, 4, 6, 1]))
    recipe = (folder / "recipe.yaml").read_text()
    assert "members: {}" in recipe
    (folder / "recipe.yaml").write_text(recipe.replace("members: {}", "members: {member0: {}, member1: {}}"))
    return folder


def test_the_best_fold_of_the_best_member(run: Path) -> None:
    chosen = choose_network(Run.open(run))
    assert (chosen.source, chosen.name) == ("fold", "member0/fold1")
    assert chosen.held_out is not None
    assert chosen.held_out.rows.row.tolist() == list(range(1, ROWS, 2))
    assert chosen.held_out.right.mean() == 39 / 40
    assert chosen.measured is not None
    assert chosen.measured.right.mean() == 71 / 80
    assert not chosen.learnt_all


def test_a_member_and_a_fold_can_be_named(run: Path) -> None:
    assert choose_network(Run.open(run), "member1").name == "member1/fold0"  # both folds are equal
    assert choose_network(Run.open(run), fold=0).name == "member0/fold0"
    assert choose_network(Run.open(run), "member1", 1).name == "member1/fold1"


@pytest.mark.parametrize(
    ("member", "fold", "words"),
    [("member2", None, "no member 'member2'"), (None, 7, "fold 7"), ("member1", 7, "of member1 of fold 7")],
)
def test_what_is_not_there_is_refused(run: Path, member: str | None, fold: int | None, words: str) -> None:
    with pytest.raises(UserError, match=words):
        choose_network(Run.open(run), member, fold)


def test_a_network_of_all_rows_is_judged_by_the_folds(run: Path) -> None:
    refit = run / "derived" / "member0+refit" / "fold0"
    refit.mkdir(parents=True)
    np.savez(refit / "oof.npz", row=np.zeros(0, np.int64), prob=np.zeros((0, CLASSES), np.float32))
    (refit / "done.json").write_text(json.dumps({"fingerprint": "", "seconds": 1.0}))
    chosen = choose_network(Run.open(run))
    assert (chosen.source, chosen.name, chosen.learnt_all) == ("refit", "member0+refit/fold0", True)
    assert chosen.held_out is not None
    assert len(chosen.held_out.prob) == ROWS


def test_a_soup_of_folds_where_the_run_predicts_with_it(run: Path) -> None:
    write_networks(run, "member0+folds", answers([]))
    for fold in range(2):
        np.savez(
            run / "derived" / "member0+folds" / f"fold{fold}" / "oof.npz",
            row=np.zeros(0, np.int64),
            prob=np.zeros((0, CLASSES), np.float32),
        )
    assert choose_network(Run.open(run)).source == "fold"
    views = {"folder": "member0+folds", "names": ["identity"], "mode": "mean-prob"}
    (run / "ensemble" / "views.json").write_text(json.dumps({"member0": views}))
    chosen = choose_network(Run.open(run))
    assert (chosen.source, chosen.name) == ("soup", "member0+folds/fold0")
    assert chosen.measured is not None
    assert chosen.measured.right.sum() == 71


def test_a_row_of_several_repeats_counts_once(run: Path) -> None:
    place = run / "members" / "member0" / "fold2"
    place.mkdir()
    np.savez(place / "oof.npz", row=np.arange(ROWS), prob=answers(list(range(ROWS))))
    (place / "done.json").write_text(json.dumps({"fingerprint": "", "seconds": 1.0}))
    chosen = choose_network(Run.open(run))
    assert chosen.measured is not None
    assert chosen.measured.right.sum() == 71


def test_accuracy_next_to_that_of_the_run(run: Path) -> None:
    """71 of 80 against 75 of 80: four rows are lost and none is gained."""
    opened = Run.open(run)
    found = accuracy_of(opened, choose_network(opened))
    assert found.network is not None
    assert found.ensemble is not None
    assert found.difference is not None
    assert (found.network.value, found.network.n, found.ensemble.value) == (71 / 80, ROWS, 75 / 80)
    assert found.difference.value == pytest.approx(-4 / 80)
    assert "80 training rows" in found.measured_on


def test_temperature_is_that_of_all_folds(run: Path) -> None:
    """71 of 80 rows are right. Log-loss is least where the true class gets 71/80 and each other one 3/80."""
    chosen = choose_network(Run.open(run))
    assert chosen.temperature == pytest.approx(np.log(7) / np.log(71 / 3), rel=1e-3)
    assert chosen.calibrated is not None
    np.testing.assert_allclose(chosen.calibrated.prob.max(axis=1), 71 / 80, rtol=1e-3)


def test_thresholds_of_sets(run: Path) -> None:
    """Scores are 1 - 71/80 in 71 rows and 1 - 3/80 in nine. Of 81 places, 0.8 is the 65th, and 0.9 the 73rd."""
    opened = Run.open(run)
    found = set_thresholds(opened, choose_network(opened))
    assert found is not None
    assert sorted(found.thresholds) == ["0.8", "0.9", "0.95"]  # 0.99 would be the 81st
    assert found.thresholds["0.8"] == pytest.approx(9 / 80, rel=1e-2)
    assert found.thresholds["0.9"] == pytest.approx(77 / 80, rel=1e-2)
    assert found.n == 80


def test_related_rows_count_once_for_sets(run: Path) -> None:
    frame = pd.read_parquet(run / "folds.parquet")
    frame["group"] = frame["row"] // 4
    frame.to_parquet(run / "folds.parquet")
    opened = Run.open(run)
    found = set_thresholds(opened, choose_network(opened))
    assert found is not None
    assert found.n == 20


def test_an_ensemble_of_runs_has_no_network(run: Path) -> None:
    state = json.loads((run / "state.json").read_text())
    (run / "state.json").write_text(json.dumps(state | {"kind": "ensemble"}))
    with pytest.raises(UserError, match="has no networks"):
        choose_network(Run.open(run))


def write_student(run: Path, gain: float) -> None:
    """A student that differs by `gain` from `member0`, the same network without a teacher."""
    write_networks(run, "member0+distilled", answers(list(range(12))))
    top1 = Estimate(0.85, 0.75, 0.91, ROWS)
    change = Difference(gain, gain - 0.05, gain + 0.05, 0.6, ROWS)
    cost = dict.fromkeys(("images", "threads", "ensemble_networks", "student_networks"), 1)
    parameters = {"ensemble_parameters": 1, "student_parameters": 1, "ensemble_rates": (1.0,), "student_rates": (1.0,)}
    DistilledStudent(
        fingerprint="",
        folds={"0": "", "1": ""},
        folder="member0+distilled",
        student=top1,
        teacher=top1,
        against_teacher=change,
        without_teacher=WithoutTeacher(member="member0", top1=top1, gain=change),
        times_as_fast=1.0,
        cost=Cost(device="cpu", **cost, **parameters),
        recipe=Run.open(run).recipe.model_dump(mode="json"),
    ).write(run)


@pytest.mark.parametrize(("gain", "source"), [(0.01, "student"), (-0.01, "fold")])
def test_a_student_is_chosen_unless_the_same_network_without_a_teacher_is_better(
    run: Path, gain: float, source: str
) -> None:
    write_student(run, gain)
    assert choose_network(Run.open(run)).source == source
    assert choose_network(Run.open(run), "member0+distilled").source == "student"


def test_a_temperature_that_makes_log_loss_worse_is_not_used(run: Path) -> None:
    """All rows of one part are wrong and all others right: the temperature of either part does not fit the other."""
    chosen = choose_network(Run.open(run), "member0")
    assert chosen.measured is not None
    rows = replace(chosen.measured.rows, fold=(np.arange(ROWS) < 16).astype(np.int64))
    uneven = replace(chosen, measured=HeldOut(rows, answers(list(range(16)))))
    assert uneven.temperature == 1
