"""Measure by how much plain stratified folds overestimate the accuracy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.folds import crossing_groups, stratified_folds
from sketchfit.wording import counted

_BLOCK = 256
_SCORED = 10_000


@dataclass(frozen=True)
class Crossing:
    """Effect of plain stratified folds on copies.

    Attributes:
        k: number of folds.
        seed: of the folds.
        groups: near-duplicate groups with rows in more than one fold.
        rows: training rows that have a copy of the same class in another fold: a model can answer them from memory.
        misled: rows whose only copies in other folds have another label: memory answers them wrongly.
        total: training rows that can be read.
        plain, grouped: accuracy of a nearest-neighbour classifier on the drawings' lines, which remembers everything,
            over plain folds and over folds that keep copies together; None with fewer than two rows or classes, or
            where it was not measured.
    """

    k: int
    seed: int
    groups: int
    rows: int
    misled: int
    total: int
    plain: float | None
    grouped: float | None

    @property
    def summary(self) -> str:
        """The same in words."""
        if self.total == 0:
            return "No training image can be read: the effect of folds is unknown."
        if self.groups == 0:
            return (
                f"Not by near-duplicates: with plain stratified {self.k}-fold no group of them crosses folds here. "
                "Rows that are related in another way (same photo, drawer, patient) are not near-duplicates; they are "
                "tested separately, as related rows."
            )
        share = self.rows / self.total
        sentences = [
            f"{'Yes' if self.rows else 'Hardly'}: with plain stratified {self.k}-fold {counted(self.groups, 'group')} "
            f"of near-duplicates cross{'es' if self.groups == 1 else ''} folds, and {counted(self.rows, 'row')} of "
            f"{self.total:,} ({share:.1%}) {_have(self.rows)} a copy of the same class in another fold.",
            f"A model that remembers these gains up to {100 * share:.1f} percentage points that new drawings will not "
            "give; one that is right on a share a of new drawings gains (1 - a) times that.",
        ]
        if self.misled:
            sentences.append(f"{counted(self.misled, 'row')} {_have(self.misled)} copies only under another label.")
        if self.plain is not None and self.grouped is not None:
            sentences.append(
                f"Measured with a nearest-neighbour classifier, which remembers everything: {self.plain:.1%} with "
                f"plain folds, {self.grouped:.1%} with copies kept together "
                f"({100 * (self.plain - self.grouped):+.1f} points)."
            )
        return " ".join(sentences)


def fold_crossing(
    label: NDArray[np.int64], group: NDArray[np.int64], features: NDArray[np.float32] | None, k: int, seed: int
) -> Crossing:
    """Distribute the rows over plain folds and over folds that keep copies together, and compare.

    Args:
        label: int64 [N], class of each readable training row.
        group: int64 [N], near-duplicate group.
        features: float32 [N, D], unit rows, for the nearest-neighbour classifier; None: its accuracy is not measured.
        k: number of folds.
        seed: of the folds.
    """
    shares = [1 / k] * k
    plain = stratified_folds(label, shares, seed)
    groups = crossing_groups(plain, group) if len(label) else 0
    helped, misled = _rows_with_copies(label, group, plain)
    accuracy: tuple[float | None, float | None] = (None, None)
    if features is not None and len(label) > 1 and len(np.unique(label)) > 1:
        grouped = stratified_folds(label, shares, seed, group)
        accuracy = _nearest_neighbour(features, label, plain), _nearest_neighbour(features, label, grouped)
    return Crossing(k, seed, groups, helped, misled, len(label), *accuracy)


def _rows_with_copies(label: NDArray[np.int64], group: NDArray[np.int64], fold: NDArray[np.int64]) -> tuple[int, int]:
    """Count rows with a copy of their class in another fold, and rows that have only copies of other classes there."""
    helped = misled = 0
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1)) if len(group) else np.zeros(0, np.int64)
    for rows in np.split(order, starts[1:]):
        for row in rows if len(rows) > 1 else ():
            elsewhere = rows[fold[rows] != fold[row]]
            same = label[elsewhere] == label[row]
            helped += bool(same.any())
            misled += bool(len(elsewhere)) and not same.any()
    return helped, misled


def _nearest_neighbour(features: NDArray[np.float32], label: NDArray[np.int64], fold: NDArray[np.int64]) -> float:
    """Return the out-of-fold accuracy of the class of the most similar row in other folds, by cosine.

    Of more than 10,000 rows, 10,000 evenly spaced ones are scored: the time grows with the square of the rows.
    """
    count = len(label)
    scored = np.arange(count) if count <= _SCORED else np.arange(_SCORED) * count // _SCORED
    right = 0
    for start in range(0, len(scored), _BLOCK):
        part = scored[start : start + _BLOCK]
        cosine = features[part] @ features.T
        cosine[fold[part][:, None] == fold[None, :]] = -2
        right += int((label[cosine.argmax(axis=1)] == label[part]).sum())
    return right / len(scored)


def _have(number: int) -> str:
    return "has" if number == 1 else "have"
