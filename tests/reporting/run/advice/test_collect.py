from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sketchfit.inference.metrics import row_log_loss
from sketchfit.reporting.evidence import read_evidence
from sketchfit.reporting.run.advice.collect import SectionResults, collect_findings, inverted_drawings, training_curve
from sketchfit.reporting.run.label_issues import LabelIssue
from sketchfit.reporting.run.slices import SliceResults
from sketchfit.reporting.run.statistics import compute_statistics
from sketchfit.runs.artefacts import DirectionFigures, Directions, RunPlan
from tests.factories import make_claim


def test_what_is_read_of_a_run(make_run: Callable[..., Path]) -> None:
    run = make_run()
    make_claim(slope_error=0.1).write(run)
    turn = {"rows": 20, "as_they_are": 0.9, "turned_source": 0.1, "turned_target": 0.8, "p": 1e-6}
    both = [("0", "1"), ("1", "0")]
    Directions(
        key="", found=tuple(DirectionFigures(turn="hflip", source=one, target=two, **turn) for one, two in both)
    ).write(run)
    evidence = read_evidence(run)
    statistics = compute_statistics(evidence, resamples=20)
    wrong, right = (int(np.flatnonzero(evidence.correct == one)[0]) for one in (False, True))
    issues = [
        LabelIssue(wrong, int(evidence.answer[wrong]), 0.1, 0.8, 0.7, "network"),
        LabelIssue(right, (int(evidence.answer[right]) + 1) % 6, 0.4, 0.3, 0.6, "copies"),
    ]
    found = collect_findings(evidence, SectionResults(statistics, SliceResults(), None, issues))
    assert found.accuracy.value == pytest.approx(evidence.correct.mean())
    assert found.guessing == pytest.approx(1 / 6)
    assert [one.name for one in found.networks] == [f"member{m}/fold{k}" for m in (0, 1) for k in (0, 1)]
    own = evidence.run.networks("member0")[1].probabilities("oof")
    assert found.networks[1].accuracy.value == pytest.approx(
        (own.prob.argmax(axis=1) == evidence.label[own.row]).mean()
    )
    assert found.curves[0].train == 0.5
    assert found.curves[0].valid == [(2, 0.6)]
    assert found.averaged.count == 2
    assert found.averaged.gain == pytest.approx(0.05)
    assert found.learning is not None
    assert (found.doubtful, found.copies, found.wrong_labels) == (1, 1, 0.7)
    assert found.lacking.rows == 0
    loss = [row_log_loss(one, evidence.label).mean() for one in (statistics.calibrated, evidence.prob)]
    assert found.calibration.log_loss.value == pytest.approx(loss[0] - loss[1])
    # Each pair of classes once, with its errors in both directions.
    (turned,) = found.turned
    wrong = [(evidence.label == a) & (evidence.answer == b) for a, b in ((0, 1), (1, 0))]
    assert (turned.first, turned.second, turned.drawings) == ("class <0>", "class <1>", 40)
    assert turned.errors == np.sum(wrong)


def test_the_sizes_of_classes_are_those_of_the_table(make_run: Callable[..., Path]) -> None:
    run = make_run()
    with np.load(run / "ensemble" / "oof.npz") as file:
        row, prob = file["row"][::10], file["prob"][::10]
    np.savez(run / "ensemble" / "oof.npz", row=row, prob=prob)
    evidence = read_evidence(run)
    results = SectionResults(compute_statistics(evidence, resamples=20), SliceResults(), None, [])
    found = collect_findings(evidence, results)
    assert (found.labels, found.smallest_class, found.largest_class) == (12, 20, 20)


def test_what_a_deadline_left_out(make_run: Callable[..., Path]) -> None:
    run = make_run()
    units = [
        {"key": f"m/fold{k}", "kind": "network", "member": "m", "gain": 0.1, "status": status}
        for k, status in enumerate(("done", "dropped", "dropped"))
    ]
    RunPlan.model_validate({"seconds": 600, "units": units}).write(run)
    evidence = read_evidence(run)
    results = SectionResults(compute_statistics(evidence, resamples=20), SliceResults(), None, [])
    found = collect_findings(evidence, results).left_out
    assert found is not None
    assert (found.units, found.planned, found.seconds) == (2, 3, 600)
    assert found.fewer_errors == pytest.approx(1 - np.exp(-0.2))


def test_a_slope_that_was_not_measured_is_none(make_run: Callable[..., Path]) -> None:
    run = make_run()
    make_claim(slope=1.5, slope_error=0.75).write(run)
    evidence = read_evidence(run)
    results = SectionResults(compute_statistics(evidence, resamples=20), SliceResults(), None, [])
    assert collect_findings(evidence, results).learning is None


def test_a_history_without_accuracies() -> None:
    curve = training_curve(pd.DataFrame({"epoch": [1, 2], "train_loss": [2.0, 1.0]}))
    assert (curve.epochs, curve.train, list(curve.valid)) == (2, None, [])
    assert curve.at(2) is None


def test_a_curve_between_two_validations() -> None:
    curve = training_curve(
        pd.DataFrame({"epoch": [1, 2, 3, 4], "valid_accuracy": [None, 0.5, None, 0.7], "train_accuracy": [0.1] * 4})
    )
    assert curve.at(3) == pytest.approx(0.6)
    assert curve.at(4) == pytest.approx(0.7)
    assert curve.at(1) is None


def test_inverted_drawings_are_counted_per_split() -> None:
    traits = pd.DataFrame({"split": ["train"] * 4 + ["test"] * 2, "inverted": [1.0, 0.0, float("nan"), 1.0, 0.0, 0.0]})
    found = inverted_drawings(traits)
    assert (found["train"].count, found["train"].rows) == (2, 3)
    assert (found["test"].count, found["test"].rows) == (0, 2)
    assert inverted_drawings(None) == {}
    assert inverted_drawings(traits.drop(columns="inverted")) == {}


def _with_folds(run: Path, fold: np.ndarray) -> Path:
    """Assign the rows of a run to two other folds."""
    table = pd.read_parquet(run / "folds.parquet")
    table["fold"] = fold
    table.to_parquet(run / "folds.parquet")
    for member in (0, 1):
        parts = [np.load(run / "members" / f"member{member}" / f"fold{k}" / "oof.npz") for k in (0, 1)]
        row = np.concatenate([part["row"] for part in parts])
        prob = np.concatenate([part["prob"] for part in parts])[np.argsort(row)]
        for number in (0, 1):
            held = np.flatnonzero(fold == number)
            place = run / "members" / f"member{member}" / f"fold{number}" / "oof.npz"
            np.savez(place, row=held, prob=prob[held])
    return run


def test_rows_of_classes_that_a_network_lacked_are_not_its_accuracy(make_run: Callable[..., Path]) -> None:
    label = np.repeat(np.arange(6), 20)
    run = _with_folds(make_run(), np.where(label == 0, 0, np.arange(120) % 2))
    evidence = read_evidence(run)
    found = collect_findings(
        evidence, SectionResults(compute_statistics(evidence, resamples=20), SliceResults(), None, [])
    )
    assert found.lacking.rows == 20
    assert found.learnt is not None
    assert found.learnt.accuracy.value == pytest.approx(evidence.correct[label > 0].mean())
    assert found.learnt.accuracy.n == 100
    assert found.learnt.guessing == pytest.approx(1 / 5)
    assert [one.accuracy.n for one in found.networks] == [50, 50, 50, 50]
    assert [one.train for one in found.networks] == [0.5] * 4


def test_with_one_class_per_fold_nothing_shows_what_networks_have_learnt(make_run: Callable[..., Path]) -> None:
    evidence = read_evidence(_with_folds(make_run(), np.repeat([0, 1], 60)))
    found = collect_findings(
        evidence, SectionResults(compute_statistics(evidence, resamples=20), SliceResults(), None, [])
    )
    assert (found.lacking.rows, found.judged, list(found.networks)) == (120, None, [])


def test_errors_of_related_drawings_count_once(make_run: Callable[..., Path]) -> None:
    run = make_run()
    table = pd.read_parquet(run / "folds.parquet")
    table["group"] = np.where(table["label"] == 0, table["fold"], 2 + table["row"])  # two families of ten copies
    table.to_parquet(run / "folds.parquet")
    with np.load(run / "ensemble" / "oof.npz") as file:
        row, prob = file["row"], file["prob"].copy()
    prob[:20] = np.eye(6, dtype=np.float32)[1]
    np.savez(run / "ensemble" / "oof.npz", row=row, prob=prob)
    evidence = read_evidence(run)
    found = collect_findings(
        evidence, SectionResults(compute_statistics(evidence, resamples=20), SliceResults(), None, [])
    )
    first = found.pairs[0]
    assert (first.first, first.second) == ("class <0>", "class <1>")
    own = (evidence.label == 1) & (evidence.answer == 0)
    assert (first.errors, first.units) == (20 + own.sum(), 2 + own.sum())
    assert found.wrong == 2 + (~evidence.correct[20:]).sum()
    assert first.chance == pytest.approx(2 * 20 / (5 * 2 * 20 + 10 * 400))


def test_the_networks_of_repeats_are_counted_per_fold(make_run: Callable[..., Path]) -> None:
    run = make_run()
    make_claim().write(run)
    evidence = read_evidence(run)
    results = SectionResults(compute_statistics(evidence, resamples=20), SliceResults(), None, [])
    rows = evidence.run.rows
    evidence.run.__dict__["rows"] = replace(rows, folds=np.stack([rows.fold, 1 - rows.fold]))
    averaged = collect_findings(evidence, results).averaged
    assert (averaged.count, averaged.repeats, averaged.members) == (1, 2, 2)
