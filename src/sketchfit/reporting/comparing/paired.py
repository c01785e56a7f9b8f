"""Paired differences between any two of several runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.inference.intervals import Difference, PairedFigures
from sketchfit.inference.metrics import row_log_loss, top_k_correct
from sketchfit.multiple_tests import holm
from sketchfit.reporting.comparing.aligned import AlignedRuns

MANY = 5
"""Top-5 is of interest where there are more classes."""

_REPEATS, _PER_PAIR = 2000, 200
"""Resamples, at least: in all, and for each pair of runs. The smallest p-value must stay small after correction."""


@dataclass(frozen=True)
class RunComparison:
    """A run compared with another one, the base.

    Attributes:
        name, base: of the two runs.
        top1, top5, log_loss: the run minus the base (a negative log-loss is a gain).
        gained, lost: int64, places of the rows that only this run, or only the base, has right.
    """

    name: str
    base: str
    top1: Difference
    top5: Difference
    log_loss: Difference
    gained: NDArray[np.int64]
    lost: NDArray[np.int64]


@dataclass(frozen=True)
class PairedRuns:
    """Figures of all runs under the same resamples of the drawings, from which any two runs are compared."""

    aligned: AlignedRuns
    top1: PairedFigures
    top5: PairedFigures
    log_loss: PairedFigures

    @classmethod
    def of(cls, aligned: AlignedRuns) -> PairedRuns:
        """Resample the drawings; groups of related rows are the unit."""
        few, count = min(MANY, len(aligned.class_names)), len(aligned.names)
        repeats = max(_REPEATS, _PER_PAIR * count * (count - 1) // 2)
        label, group = aligned.label, aligned.group
        return cls(
            aligned,
            PairedFigures.of(list(aligned.correct), group, repeats=repeats),
            PairedFigures.of([top_k_correct(prob, label, few) for prob in aligned.prob], group),
            PairedFigures.of([row_log_loss(prob, label) for prob in aligned.prob], group),
        )

    def compare(self, base: int, number: int) -> RunComparison:
        """Compare run `number` with run `base`."""
        names, (was, now) = self.aligned.names, self.aligned.correct[[base, number]]
        return RunComparison(
            name=names[number],
            base=names[base],
            top1=self.top1.difference(base, number),
            top5=self.top5.difference(base, number),
            log_loss=self.log_loss.difference(base, number),
            gained=np.flatnonzero(~was & now),
            lost=np.flatnonzero(was & ~now),
        )

    def against(self, base: int) -> list[RunComparison]:
        """Compare every other run with one, in the order of the runs."""
        return [self.compare(base, number) for number in range(len(self.aligned.names)) if number != base]

    def surely_different(self, level: float = 0.05) -> set[tuple[int, int]]:
        """Return the pairs (base, number), both ways, whose difference remains after Holm's correction over all pairs.

        Args:
            level: of the corrected p-values.
        """
        count = len(self.aligned.names)
        pairs = [(base, number) for number in range(count) for base in range(number)]
        corrected = holm([self.top1.difference(*pair).p_value for pair in pairs])
        found = [pair for pair, p in zip(pairs, corrected.tolist(), strict=True) if p < level]
        return {*found, *((number, base) for base, number in found)}


@dataclass(frozen=True)
class ClassAccuracies:
    """A class that some runs predict better than others: its index, its drawings, and how many of them each run has
    right."""

    index: int
    drawings: int
    right: tuple[int, ...]

    @property
    def spread(self) -> float:
        """The largest minus the smallest accuracy, 0 … 1."""
        return (max(self.right) - min(self.right)) / self.drawings


def changed_classes(aligned: AlignedRuns) -> list[ClassAccuracies]:
    """Return the classes with drawings that not all runs have equally right or wrong, the largest spread first."""
    count = len(aligned.class_names)
    sizes = np.bincount(aligned.label, minlength=count)
    right = np.stack([np.bincount(aligned.label[correct], minlength=count) for correct in aligned.correct])
    flips = aligned.correct.any(axis=0) & ~aligned.correct.all(axis=0)
    found = [
        ClassAccuracies(index, int(sizes[index]), tuple(right[:, index].tolist()))
        for index in np.unique(aligned.label[flips]).tolist()
    ]
    return sorted(found, key=lambda one: -one.spread)
