"""Two or more runs on the same drawings: paired differences, class by class, and which answers flipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.errors import UserError
from sketchfit.inference.intervals import Difference, Estimate, accuracy, mcnemar, paired_difference
from sketchfit.inference.metrics import row_log_loss, top_k_correct
from sketchfit.reporting.evidence import Evidence


@dataclass(frozen=True)
class Aligned:
    """Runs on the rows that all of them answered out of fold.

    Attributes:
        names: a name a run.
        paths: n image files; `root` is what they are relative to in the first run.
        label, group: int64 [n], the first run's.
        prob: float [n, C] a run, classes in the first run's order.
        class_names: C names.
    """

    names: tuple[str, ...]
    paths: tuple[str, ...]
    label: NDArray[np.int64]
    group: NDArray[np.int64] | None
    prob: tuple[NDArray[np.float32], ...]
    class_names: tuple[str, ...]


@dataclass(frozen=True)
class Against:
    """One run against the first.

    Attributes:
        name: of the run.
        top1, top5, log_loss: the run less the first (a negative log-loss is a gain).
        mcnemar: exact p-value on right and wrong, rows taken as independent.
        gained, lost: places that only this run, or only the first, has right.
        classes: (class index, drawings, gained, lost) where any answer flipped between right and wrong, most first.
    """

    name: str
    top1: Difference
    top5: Difference
    log_loss: Difference
    mcnemar: float
    gained: NDArray[np.int64]
    lost: NDArray[np.int64]
    classes: tuple[tuple[int, int, int, int], ...]


def align(runs: Sequence[Evidence]) -> Aligned:
    """Find the drawings that all runs answered, by path and label.

    Raises:
        UserError: other classes, or no drawing in common.
    """
    first = runs[0]
    for run in runs[1:]:
        if set(run.class_names) != set(first.class_names):
            raise UserError(f"{run.name} and {first.name} have other classes, and can't be compared")
    keys = [dict(zip(zip(run.paths, _labels(run), strict=True), range(len(run.paths)), strict=True)) for run in runs]
    shared = [key for key in keys[0] if all(key in other for other in keys[1:])]
    if not shared:
        raise UserError(
            f"{', '.join(run.name for run in runs)} have no out-of-fold drawing with the same label in common"
        )
    places = [np.array([own[key] for key in shared], dtype=np.int64) for own in keys]
    order = [[run.class_names.index(name) for name in first.class_names] for run in runs]
    group = first.group[places[0]]
    return Aligned(
        names=_distinct([run.name for run in runs]),
        paths=tuple(path for path, _ in shared),
        label=first.label[places[0]],
        group=group if len(np.unique(group)) < len(group) else None,
        prob=tuple(run.prob[place][:, columns] for run, place, columns in zip(runs, places, order, strict=True)),
        class_names=first.class_names,
    )


def top1(aligned: Aligned) -> tuple[Estimate, ...]:
    """Accuracy of each run on the shared rows."""
    return tuple(accuracy(top_k_correct(prob, aligned.label), aligned.group) for prob in aligned.prob)


def against_first(aligned: Aligned) -> list[Against]:
    """Every other run against the first, paired row by row."""
    return [_against(aligned, number) for number in range(1, len(aligned.prob))]


def _against(aligned: Aligned, number: int) -> Against:
    label, group = aligned.label, aligned.group
    before, after = aligned.prob[0], aligned.prob[number]
    few = min(5, before.shape[1])
    was, now = top_k_correct(before, label), top_k_correct(after, label)
    gained, lost = np.flatnonzero(~was & now), np.flatnonzero(was & ~now)
    count = before.shape[1]
    sizes = np.bincount(label, minlength=count)
    more, less = np.bincount(label[gained], minlength=count), np.bincount(label[lost], minlength=count)
    flipped = [int(index) for index in np.argsort(-np.abs(more - less), kind="stable") if more[index] + less[index]]
    return Against(
        name=aligned.names[number],
        top1=paired_difference(was, now, group),
        top5=paired_difference(top_k_correct(before, label, few), top_k_correct(after, label, few), group),
        log_loss=paired_difference(row_log_loss(before, label), row_log_loss(after, label), group),
        mcnemar=mcnemar(was, now),
        gained=gained,
        lost=lost,
        classes=tuple((index, int(sizes[index]), int(more[index]), int(less[index])) for index in flipped),
    )


def _labels(run: Evidence) -> list[str]:
    return [run.class_names[index] for index in run.label]


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Runs of one name get a number."""
    return tuple(
        f"{name} ({names[: k + 1].count(name)})" if names.count(name) > 1 else name for k, name in enumerate(names)
    )
