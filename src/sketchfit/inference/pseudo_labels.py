"""Pseudo-labels: the choice of test rows, their targets and weights, and the check that no fold leaks into its student.

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
from sketchfit.runs.artefacts.relations import NEAR_DUPLICATE, UNGROUPED
from sketchfit.wording import counted, listed

Kind = Literal["hard", "soft"]
_SHOWN = 3


@dataclass(frozen=True)
class Rules:
    """Conditions of a pseudo-label; a row must fulfil all of them.

    Attributes:
        threshold: least confidence (probability of the first class) of the teachers' mean, 0 … 1.
        top_k: most rows per class, the most confident ones (ties: lower row first); 0: no limit.
        agreement: least share of teachers whose first class is that of their mean, 0 … 1.
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
        target: float32 [n, C]: one-hot if hard, the teachers' mean if soft.
        weight: float32 [n], weight of the row in the loss.
        expected_errors: expected share of wrong labels if confidences are calibrated: mean of 1 - confidence.
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
        rules: conditions of a pseudo-label.
        kind: hard or soft targets.
        weight: of a pseudo-labelled row; a labelled one counts 1.
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
    """Return which rows fulfil the rules, bool [N] (arguments: see `select`)."""
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
    """Return the share of correct labels among the out-of-fold rows that the rules choose; None if they choose none.

    It estimates the accuracy of pseudo-labels on rows whose labels are known. `top_k` counts rows, so scale it by the
    ratio of labelled to unlabelled rows.

    Args:
        members: out-of-fold probabilities, float [N, C] each.
        label: int [N].
        rules: as for the test rows.
        group: int [N], related rows share a number; None: rows are independent.
    """
    picked = chosen(members, rules)
    if not picked.any():
        return None
    right = votes.mean(members).argmax(axis=1) == label
    return accuracy(right[picked], None if group is None else group[picked])


def align(prob: Floats, wanted: Floats) -> Floats:
    """Return probabilities times wanted / mean class share, normalised, float [N, C]: distribution alignment.

    Args:
        prob: float [N, C], of the unlabelled rows.
        wanted: float [C], assumed class shares of the unlabelled rows, for example those of the training rows.
    """
    share = prob.mean(axis=0, dtype=np.float64)
    ratio = np.divide(wanted, share, out=np.zeros(len(share)), where=share > 0)
    shifted = prob * ratio
    total = shifted.sum(axis=1, keepdims=True)
    return np.asarray(np.where(total > 0, shifted / np.where(total > 0, total, 1), prob), dtype=prob.dtype)


@dataclass(frozen=True)
class Teacher:
    """A model that computes pseudo-labels, and the rows it was trained on.

    Attributes:
        name: in messages.
        rows: int64, rows of the training table whose labels it was trained on, directly or through pseudo-labels of its
            own teachers.
    """

    name: str
    rows: Ints


def check_teacher(
    teachers: Sequence[Teacher],
    student_fold: int,
    fold: Ints,
    group: Ints | None = None,
    relation: str = NEAR_DUPLICATE,
) -> None:
    """Refuse teachers that were trained on labels of the rows on which the student is validated.

    Pseudo-labels of a model that was trained on fold k pass fold k's labels on to the student, whose accuracy on fold k
    is then too high. This holds for rows that are related to these too, such as near-duplicates.

    Args:
        teachers: all models that the student's pseudo-labels come from.
        student_fold: the fold on which the student is validated.
        fold: int [N], the fold in which each row of the training table is validated; -1: never.
        group: int [N], related rows share a number; None: rows are independent.
        relation: what relates them, for the message, as in `folds.group`; empty: it is not known.

    Raises:
        UserError: one sentence per teacher that was trained on such rows.
    """
    if problems := leaked_rows(teachers, student_fold, fold, group, relation):
        raise UserError(problems, "A fold's student needs teachers that were not trained on that fold.")


def leaked_rows(
    models: Sequence[Teacher],
    held_fold: int,
    fold: Ints,
    group: Ints | None = None,
    relation: str = NEAR_DUPLICATE,
) -> list[str]:
    """Return one sentence per model that was trained on rows of `held_fold` or on rows that are related to them.

    Args:
        models: the models.
        held_fold: number of the fold.
        fold, group, relation: see `check_teacher`.

    Raises:
        UserError: no row is validated in that fold.
    """
    held = np.flatnonzero(fold == held_fold)
    if not len(held):
        raise UserError(f"no row is validated in fold {held_fold}")
    kin = held if group is None else np.flatnonzero(np.isin(group, group[held]))
    problems = []
    for model in models:
        seen, related = np.intersect1d(model.rows, held), np.intersect1d(model.rows, kin)
        if len(seen):
            problems.append(
                f"{model.name} was trained on {len(seen)} of the {len(held)} rows of fold {held_fold}: "
                f"{listed(seen, _SHOWN)}"
            )
        elif len(related):
            problems.append(f"{model.name} was trained on {_related_rows(len(related), held_fold, relation)}")
    return problems


def _related_rows(count: int, held_fold: int, relation: str) -> str:
    """Return in words so many rows that a relation joins with rows of a fold."""
    if relation in UNGROUPED:
        return f"{count} near-duplicates of rows of fold {held_fold}"
    by = f" by {relation}" if relation else ""
    return f"{counted(count, 'row')} related to rows of fold {held_fold}{by}"


def _place_in_class(label: Ints, confidence: Floats) -> Ints:
    """Return the rank of each row in its class by confidence, int64 [N], from 0; ties are ordered by row."""
    order = np.lexsort((np.arange(len(label)), -confidence, label))
    sorted_label = label[order]
    first = np.searchsorted(sorted_label, sorted_label, side="left")
    place = np.empty(len(label), dtype=np.int64)
    place[order] = np.arange(len(label)) - first
    return place
