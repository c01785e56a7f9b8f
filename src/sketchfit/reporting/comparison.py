"""Compare runs on the same drawings: paired differences, changes per class, answers that flipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.scope import keys_that_decide
from sketchfit.errors import UserError
from sketchfit.inference.intervals import Difference, Estimate, accuracy, families, mcnemar, paired_difference
from sketchfit.inference.metrics import row_log_loss, top_k_correct
from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.kit.formats import MISSING
from sketchfit.reporting.kit.page import flat_settings
from sketchfit.wording import listed


@dataclass(frozen=True)
class AlignedRuns:
    """Probabilities of several runs on the rows that all of them predicted out of fold.

    Attributes:
        names: one per run, all different.
        root: folder of the first run's images.
        paths: n image files, relative to `root`.
        label: int64 [n], the first run's.
        group: int64 [n], family of near-duplicates per row; None where rows are independent.
        prob: float32 [n, C] per run, classes in the first run's order.
        class_names: C names.
    """

    names: tuple[str, ...]
    root: Path
    paths: tuple[str, ...]
    label: NDArray[np.int64]
    group: NDArray[np.int64] | None
    prob: tuple[NDArray[np.float32], ...]
    class_names: tuple[str, ...]


@dataclass(frozen=True)
class ClassChange:
    """A class in which answers flipped: its index, number of drawings, and how many are newly right and newly wrong."""

    index: int
    drawings: int
    gained: int
    lost: int

    @property
    def net(self) -> int:
        """Gained minus lost."""
        return self.gained - self.lost


@dataclass(frozen=True)
class RunComparison:
    """A run compared with the first one.

    Attributes:
        name: of the run.
        top1, top5, log_loss: the run minus the first (a negative log-loss is a gain).
        mcnemar: exact p-value on right and wrong; rows count as independent.
        gained, lost: int64, places of the rows that only this run, or only the first one, has right.
        classes: those in which answers flipped, the largest net change first.
    """

    name: str
    top1: Difference
    top5: Difference
    log_loss: Difference
    mcnemar: float
    gained: NDArray[np.int64]
    lost: NDArray[np.int64]
    classes: tuple[ClassChange, ...]


def align(runs: Sequence[Evidence]) -> AlignedRuns:
    """Match the drawings that all runs predicted, by path and label.

    Raises:
        UserError: the classes differ, or no drawing is shared.
    """
    first = runs[0]
    for run in runs[1:]:
        if set(run.class_names) != set(first.class_names):
            raise UserError(f"{run.name} and {first.name} have different classes and can't be compared")
    places_by_key = [_places_by_key(run) for run in runs]
    shared = [key for key in places_by_key[0] if all(key in other for other in places_by_key[1:])]
    if not shared:
        raise UserError(f"{listed(run.name for run in runs)} share no out-of-fold drawing with the same label")
    places = [np.array([own[key] for key in shared], dtype=np.int64) for own in places_by_key]
    order = [[run.class_names.index(name) for name in first.class_names] for run in runs]
    return AlignedRuns(
        names=_distinct([run.name for run in runs]),
        root=first.root,
        paths=tuple(path for path, _ in shared),
        label=first.label[places[0]],
        group=families(first.group[places[0]]),
        prob=tuple(run.prob[place][:, columns] for run, place, columns in zip(runs, places, order, strict=True)),
        class_names=first.class_names,
    )


def top1(aligned: AlignedRuns) -> tuple[Estimate, ...]:
    """Return the accuracy of each run on the shared rows."""
    return tuple(accuracy(top_k_correct(prob, aligned.label), aligned.group) for prob in aligned.prob)


def compare_with_first(aligned: AlignedRuns) -> list[RunComparison]:
    """Compare every other run with the first, paired row by row."""
    return [_compare(aligned, number) for number in range(1, len(aligned.prob))]


def differing_settings(runs: Sequence[Evidence]) -> list[tuple[str, list[str]]]:
    """List the settings that differ and affect results.

    Returns:
        (key, value as JSON in each run); a dash where a run has none.
    """
    tables = [dict(flat_settings(one.run.recipe.model_dump(mode="json"))) for one in runs]
    keys = dict.fromkeys(key for table in tables for key in table)
    ignored = keys_that_decide("nothing")
    rows = [(key, [table.get(key, MISSING) for table in tables]) for key in keys]
    return [(key, values) for key, values in rows if len(set(values)) > 1 and key not in ignored]


def _compare(aligned: AlignedRuns, number: int) -> RunComparison:
    label, group = aligned.label, aligned.group
    before, after = aligned.prob[0], aligned.prob[number]
    few = min(5, before.shape[1])
    was, now = top_k_correct(before, label), top_k_correct(after, label)
    gained, lost = np.flatnonzero(~was & now), np.flatnonzero(was & ~now)
    return RunComparison(
        name=aligned.names[number],
        top1=paired_difference(was, now, group),
        top5=paired_difference(top_k_correct(before, label, few), top_k_correct(after, label, few), group),
        log_loss=paired_difference(row_log_loss(before, label), row_log_loss(after, label), group),
        mcnemar=mcnemar(was, now),
        gained=gained,
        lost=lost,
        classes=_class_changes(label, gained, lost, before.shape[1]),
    )


def _class_changes(
    label: NDArray[np.int64], gained: NDArray[np.int64], lost: NDArray[np.int64], classes: int
) -> tuple[ClassChange, ...]:
    sizes, more, less = (np.bincount(label[rows], minlength=classes) for rows in (slice(None), gained, lost))
    order = np.argsort(-np.abs(more - less), kind="stable").tolist()
    changes = [ClassChange(index, int(sizes[index]), int(more[index]), int(less[index])) for index in order]
    return tuple(one for one in changes if one.gained + one.lost)


def _places_by_key(run: Evidence) -> dict[tuple[str, str], int]:
    """Map (path, class name) to the place of the row."""
    labels = [run.class_names[index] for index in run.label]
    return {key: place for place, key in enumerate(zip(run.paths, labels, strict=True))}


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Number the runs that share a name."""
    return tuple(
        f"{name} ({names[: k + 1].count(name)})" if names.count(name) > 1 else name for k, name in enumerate(names)
    )
