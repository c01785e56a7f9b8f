"""Pseudo-labels: which test rows to learn from, as what, with what weight, and that no student learns from its own
exam.

"Pseudo-Label" (Lee 2013); class-balanced selection after "Self-training with Noisy Student" (Xie et al., 1911.04252);
distribution alignment after "ReMixMatch" (Berthelot et al., 1911.09785).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sketchfit.errors import UserError
from sketchfit.inference import votes
from sketchfit.inference.arrays import Bools, Floats, Ints
from sketchfit.inference.intervals import Estimate, accuracy
from sketchfit.wording import listed

Kind = Literal["hard", "soft"]
_SHOWN = 3


@dataclass(frozen=True)
class Rules:
    """What a row must fulfil to become a pseudo-label; all of these together.

    Attributes:
        threshold: least confidence (probability of the first class) of the teachers' mean, 0 … 1.
        top_k: most rows a class, the most confident ones (ties: lower row first); 0: no limit.
        agreement: least share of teachers whose own first class is the mean's, 0 … 1.
    """

    threshold: float = 0.0
    top_k: int = 0
    agreement: float = 0.0


@dataclass(frozen=True)
class PseudoLabels:
    """Chosen rows, n of them, in ascending order.

    Attributes:
        row: int64 [n], index into the probabilities given.
        label: int64 [n], first class.
        target: float32 [n, C], what to learn: one-hot if hard, the teachers' mean if soft.
        weight: float32 [n], weight of the row in the loss.
        expected_errors: share of wrong labels to expect if confidences are calibrated: mean of 1 - confidence.
    """

    row: Ints
    label: Ints
    target: Floats
    weight: Floats
    expected_errors: float


def select(
    members: Sequence[Floats], rules: Rules, kind: Kind = "hard", weight: float = 1.0, by_confidence: bool = False
) -> PseudoLabels:
    """Choose rows and their targets.

    Args:
        members: probabilities of each teacher, float [N, C], calibrated; one or more.
        rules: what a row must fulfil.
        kind: hard or soft targets.
        weight: of a pseudo-labelled row, where a labelled one counts 1.
        by_confidence: multiply the weight by the row's confidence.
    """
    mean = votes.mean(members)
    row = np.flatnonzero(chosen(members, rules))
    label = mean[row].argmax(axis=1)
    confidence = mean[row].max(axis=1)
    target = np.eye(mean.shape[1], dtype=np.float32)[label] if kind == "hard" else mean[row].astype(np.float32)
    weights = weight * (confidence if by_confidence else np.ones(len(row)))
    errors = float((1 - confidence).mean()) if len(row) else 0.0
    return PseudoLabels(row, label, target, weights.astype(np.float32), errors)


def chosen(members: Sequence[Floats], rules: Rules) -> Bools:
    """Bool [N]: the row fulfils the rules (arguments: see `select`)."""
    mean = votes.mean(members)
    label, confidence = mean.argmax(axis=1), mean.max(axis=1)
    agreeing = np.mean([prob.argmax(axis=1) == label for prob in members], axis=0)
    passed = np.asarray((confidence >= rules.threshold) & (agreeing >= rules.agreement - 1e-9))
    if rules.top_k:
        passed &= _place_in_class(label, np.where(passed, confidence, -1.0)) < rules.top_k
    return passed


def expected_accuracy(
    members: Sequence[Floats], label: Ints, rules: Rules, group: Ints | None = None
) -> Estimate | None:
    """Share of right labels among the out-of-fold rows that the same rules choose; None where they choose none.

    What pseudo-labels will be like, measured on rows whose labels are known. `top_k` counts rows, so scale it by the
    ratio of labelled to unlabelled rows.

    Args:
        members: out-of-fold probabilities, float [N, C] each.
        label: int [N].
        rules: as for the test rows.
        group: int [N], a number a family of near-duplicates, or None.
    """
    picked = chosen(members, rules)
    if not picked.any():
        return None
    right = votes.mean(members).argmax(axis=1) == label
    return accuracy(right[picked], None if group is None else group[picked])


def align(prob: Floats, wanted: Floats) -> Floats:
    """Distribution alignment: probabilities times wanted / mean class share, made to sum to 1 again; float [N, C].

    Args:
        prob: float [N, C], of the unlabelled rows.
        wanted: float [C], class shares that the unlabelled rows are believed to have (those of the training rows, say).
    """
    share = prob.mean(axis=0, dtype=np.float64)
    ratio = np.divide(wanted, share, out=np.zeros(len(share)), where=share > 0)
    shifted = prob * ratio
    total = shifted.sum(axis=1, keepdims=True)
    return np.asarray(np.where(total > 0, shifted / np.where(total > 0, total, 1), prob), dtype=prob.dtype)


@dataclass(frozen=True)
class Teacher:
    """A model that makes pseudo-labels, and what it has seen.

    Attributes:
        name: how messages call it.
        rows: int64, training-table rows whose labels it has learnt from, itself or through pseudo-labels of its own
            teachers.
    """

    name: str
    rows: Ints


def check_teacher(teachers: Sequence[Teacher], student_fold: int, fold: Ints, group: Ints | None = None) -> None:
    """Refuse teachers that have seen labels of the rows on which the student will be validated.

    A pseudo-label made by a model that learnt from fold k carries fold k's labels over to the student, whose score on
    fold k then flatters. This holds for near-duplicates of these rows too.

    Args:
        teachers: all that the student's pseudo-labels come from.
        student_fold: k, the fold that the student is validated on.
        fold: int [N], the fold in which each row of the training table is validated; -1: never.
        group: int [N], a number a family of near-duplicates, or None.

    Raises:
        UserError: a sentence a teacher that has seen such rows.
    """
    if problems := leaked_rows(teachers, student_fold, fold, group):
        raise UserError(problems, "the student of a fold learns only from teachers that never saw that fold")


def leaked_rows(models: Sequence[Teacher], exam_fold: int, fold: Ints, group: Ints | None = None) -> list[str]:
    """A sentence a model that has learnt from rows of a fold, or from near-duplicates of them (arguments: see
    `check_teacher`).

    Raises:
        UserError: no row is validated in that fold.
    """
    exam = np.flatnonzero(fold == exam_fold)
    if not len(exam):
        raise UserError(f"no row is validated in fold {exam_fold}")
    kin = exam if group is None else np.flatnonzero(np.isin(group, group[exam]))
    problems = []
    for model in models:
        seen, related = np.intersect1d(model.rows, exam), np.intersect1d(model.rows, kin)
        if len(seen):
            problems.append(
                f"{model.name} has learnt from {len(seen)} of the {len(exam)} rows of fold {exam_fold}: "
                f"{listed(seen, _SHOWN)}"
            )
        elif len(related):
            problems.append(f"{model.name} has learnt from {len(related)} near-duplicates of rows of fold {exam_fold}")
    return problems


def _place_in_class(label: Ints, confidence: Floats) -> Ints:
    """Int64 [N]: how many rows of its class are more confident, or as confident with a lower index."""
    order = np.lexsort((np.arange(len(label)), -confidence, label))
    sorted_label = label[order]
    first = np.searchsorted(sorted_label, sorted_label, side="left")
    place = np.empty(len(label), dtype=np.int64)
    place[order] = np.arange(len(label)) - first
    return place
