"""What the sections of a report found, for its advice."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sketchfit.claims.learning_curve import USUAL
from sketchfit.inference.intervals import accuracy, families, paired_difference
from sketchfit.inference.metrics import row_log_loss
from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.run.advice.findings import (
    AveragedNetworks,
    Calibratable,
    ConfusedClasses,
    Findings,
    InvertedDrawings,
    LearningSlope,
    LearntRows,
    LeftOut,
    NetworkAccuracy,
    TrainingCurve,
)
from sketchfit.reporting.run.advice.lacking import lacking_classes_of
from sketchfit.reporting.run.claimed import contradiction
from sketchfit.reporting.run.classes import confusion_matrix
from sketchfit.reporting.run.compare_slices import Slice, compare_slices
from sketchfit.reporting.run.confusions import confused_pairs
from sketchfit.reporting.run.error_counts import ErrorCounts
from sketchfit.reporting.run.label_issues import LabelIssue
from sketchfit.reporting.run.lacking_rows import lacking_rows
from sketchfit.reporting.run.robustness import Robustness
from sketchfit.reporting.run.slices import SliceResults
from sketchfit.reporting.run.statistics import Statistics
from sketchfit.runs.artefacts import RunPlan
from sketchfit.runs.proportions import effective_rows
from sketchfit.runs.run import Run

Ints = NDArray[np.int64]

MEASURED = 0.9
"""Error of the slope of the learning curve, as a share of its error before the data are known, below which it counts as
measured on this table."""


@dataclass(frozen=True)
class SectionResults:
    """What the sections computed; `robustness` is None where it was not measured."""

    statistics: Statistics
    slices: SliceResults
    robustness: Robustness | None
    issues: Sequence[LabelIssue]


def collect_findings(evidence: Evidence, results: SectionResults) -> Findings:
    """Return what was found."""
    run, statistics, robustness = evidence.run, results.statistics, results.robustness
    counts = np.bincount(evidence.label, minlength=evidence.class_count)
    drawings = np.bincount(run.rows.label, minlength=evidence.class_count)
    by_copies = sum(one.reason == "copies" for one in results.issues)
    matrix = confusion_matrix(evidence.label, evidence.answer, evidence.class_count)
    counted_once = ErrorCounts.of(evidence.label, evidence.answer, evidence.class_count, statistics.group)
    lacking = lacking_rows(run.rows, evidence.rows)
    audit = run.findings
    return Findings(
        accuracy=statistics.total.top1,
        guessing=float(counts.max() / counts.sum()),
        calibration=_calibratable(evidence, statistics),
        labels=len(evidence.rows),
        curves=[training_curve(frame) for frame in run.histories.values() if len(frame)],
        networks=list(_networks(evidence)),
        slices=[*results.slices.by_trait, *results.slices.by_tree],
        folds=_by_fold(evidence, statistics.group),
        sizes=_by_size(evidence, drawings, statistics.group),
        changes={name: change for name, (_, change) in robustness.changes.items()} if robustness else {},
        doubtful=len(results.issues) - by_copies,
        copies=by_copies,
        wrong_labels=sum(one.p_wrong for one in results.issues if one.suggested == evidence.answer[one.place]),
        class_count=evidence.class_count,
        smallest_class=int(drawings.min()),
        largest_class=int(drawings.max()),
        contradiction=contradiction(run.claim),
        drifted=bool(audit and audit.drift and audit.drift.separating),
        separated=run.relations.separated if run.relations else (),
        turned=[_pair(evidence, matrix, *one) for one in _turned(evidence, robustness)],
        pairs=[
            replace(
                _pair(evidence, matrix, one.first, one.second),
                units=counted_once.between(one.first, one.second),
                chance=counted_once.chance(one.first, one.second),
            )
            for one in confused_pairs(matrix)
        ],
        wrong=counted_once.wrong,
        lacking=lacking_classes_of(run.rows, evidence.rows, evidence.class_names),
        learnt=_learnt(evidence, np.isin(evidence.rows, lacking), statistics.group),
        averaged=_averaged(run),
        learning=_learning(evidence),
        left_out=_left_out(run.plan),
        unreadable=len(audit.unreadable.get("test", {})) if audit else 0,
        test_rows=run.state.rows.get("test", 0),
        inverted=inverted_drawings(run.traits),
    )


def inverted_drawings(traits: pd.DataFrame | None) -> dict[str, InvertedDrawings]:
    """Count the drawings that are light on dark, per split; empty where they were not measured."""
    if traits is None or not {"split", "inverted"} <= set(traits):
        return {}
    known = traits.dropna(subset=["inverted"])
    return {
        str(split): InvertedDrawings(int(one["inverted"].sum()), len(one))
        for split, one in known.groupby("split", observed=True, sort=False)
    }


def training_curve(history: pd.DataFrame) -> TrainingCurve:
    """Return what the table of epochs of a network holds."""
    train = history["train_accuracy"].dropna().tolist() if "train_accuracy" in history else []
    valid: list[tuple[int, float]] = []
    if "valid_accuracy" in history:
        known = history.dropna(subset=["valid_accuracy"])
        valid = list(zip(known["epoch"].astype(int).tolist(), known["valid_accuracy"].tolist(), strict=True))
    return TrainingCurve(int(history["epoch"].iloc[-1]), train[-1] if train else None, valid)


def _calibratable(evidence: Evidence, statistics: Statistics) -> Calibratable:
    before, after = (row_log_loss(one, evidence.label) for one in (evidence.prob, statistics.calibrated))
    return Calibratable(
        statistics.total.ece.value, statistics.temperature, paired_difference(before, after, statistics.group)
    )


def _learnt(evidence: Evidence, lacking: NDArray[np.bool_], group: Ints | None) -> LearntRows | None:
    """Return the accuracy without the rows of classes that their networks lacked; None where these are none or all."""
    if not lacking.any() or lacking.all():
        return None
    counts = np.bincount(evidence.label[~lacking])
    right = evidence.correct[~lacking]
    return LearntRows(accuracy(right, None if group is None else group[~lacking]), float(counts.max() / counts.sum()))


def _networks(evidence: Evidence) -> Iterator[NetworkAccuracy]:
    """Yield the accuracy of each network, without the rows of classes of which it had no training drawing."""
    rows, histories = evidence.run.rows, evidence.run.histories
    every = np.bincount(rows.label)
    for found in evidence.run.trained.values():
        for network in found:
            own = network.probabilities("oof")
            label = rows.label[own.row]
            known = (np.bincount(label, minlength=len(every)) < every)[label]
            if known.any():
                right = own.prob.argmax(axis=1)[known] == label[known]
                group = families(rows.group[own.row[known]])
                history = histories.get(network.name)
                yield NetworkAccuracy(
                    network.name,
                    accuracy(right, group),
                    None if group is None else effective_rows(right, group),
                    None if history is None or history.empty else training_curve(history).train,
                )


def _by_fold(evidence: Evidence, group: Ints | None) -> list[Slice]:
    numbers = np.unique(evidence.fold).tolist()
    masks = [("fold", f"fold {number}", evidence.fold == number) for number in numbers]
    return compare_slices(masks, evidence.correct, group) if len(numbers) > 1 else []


def _by_size(evidence: Evidence, counts: Ints, group: Ints | None) -> list[Slice]:
    """Compare classes that are at most half as large as the mean with the others."""
    most = int(counts[counts > 0].mean() / 2)
    small = counts[evidence.label] <= most
    return compare_slices([("size", f"classes of at most {most} drawings", small)], evidence.correct, group)


def _pair(evidence: Evidence, matrix: Ints, first: int, second: int) -> ConfusedClasses:
    names = evidence.class_names
    errors = int(matrix[first, second] + matrix[second, first])
    return ConfusedClasses(names[first], names[second], errors, int(matrix[[first, second]].sum()))


def _turned(evidence: Evidence, robustness: Robustness | None) -> list[tuple[int, int]]:
    """Return the classes that a flip or turn changes, each pair once: as measured before training, else by the
    networks."""
    labels, measured = evidence.run.table.class_labels, evidence.run.directions
    if measured is not None and measured.found:
        found = [(labels.index(one.source), labels.index(one.target)) for one in measured.found]
    else:
        found = [(one.source, one.target) for one in (robustness.directions if robustness else ())]
    once: dict[frozenset[int], tuple[int, int]] = {}
    for one in found:
        once.setdefault(frozenset(one), one)
    return list(once.values())


def _averaged(run: Run) -> AveragedNetworks:
    repeats = len(run.rows.folds)
    networks = max(map(len, run.trained.values()), default=0)
    # The claim averages the networks of each fold over the repeats, and compares folds.
    averaged = AveragedNetworks(-(-networks // repeats), repeats=repeats, members=len(run.trained))
    return replace(averaged, gain=run.claim.averaging, single=run.claim.single) if run.claim else averaged


def _left_out(plan: RunPlan | None) -> LeftOut | None:
    dropped = [one for one in plan.units if one.status == "dropped"] if plan else []
    if plan is None or not dropped:
        return None
    return LeftOut(len(dropped), len(plan.units), 1 - math.exp(-sum(one.gain for one in dropped)), plan.seconds)


def _learning(evidence: Evidence) -> LearningSlope | None:
    claim = evidence.run.claim
    if claim is None or claim.slope_error > MEASURED * USUAL[1]:
        return None
    return LearningSlope(claim.single, claim.slope, claim.slope_error)
