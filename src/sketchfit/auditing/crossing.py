"""Measure by how much plain stratified folds overestimate the accuracy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.folds import crossing_groups, stratified_folds
from sketchfit.runs.differences import paired_difference
from sketchfit.runs.estimates import Difference
from sketchfit.wording import counted

_BLOCK = 256
_SCORED, _COMPARED, _AT_ONCE = 10_000, 1_000_000_000, 1 << 27
"""Rows that are scored at most; pairs of rows that are compared at most, and at once."""


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
        excess: plain minus grouped, on the same rows; None like these.
    """

    k: int
    seed: int
    groups: int
    rows: int
    misled: int
    total: int
    plain: float | None
    grouped: float | None
    excess: Difference | None = None

    @property
    def summary(self) -> str:
        """The same in words. They are about near-duplicates alone: rows can be related in other ways too."""
        if self.total == 0:
            return "No training image can be read: the effect of folds is unknown."
        if self.groups == 0:
            return (
                f"Not by near-duplicates: with {self.k} plain stratified folds no group of them crosses folds here. "
                "Rows that are related in another way (same photo, drawer, patient) are not near-duplicates; they are "
                "tested separately, as related rows."
            )
        sentences = [
            f"{self._verdict} With {self.k} plain stratified folds, {counted(self.groups, 'group')} "
            f"of near-duplicates cross{'es' if self.groups == 1 else ''} folds, and {counted(self.rows, 'row')} of "
            f"{self.total:,} {_have(self.rows)} a copy of the same class in another fold."
        ]
        if self.misled:
            sentences.append(f"{counted(self.misled, 'row')} {_have(self.misled)} copies only under another label.")
        return " ".join(sentences)

    @property
    def _verdict(self) -> str:
        """The answer and one figure with its interval, or the bound where nothing was measured."""
        if self.excess is None or self.plain is None or self.grouped is None:
            most = 100 * self.rows / self.total
            perhaps = f"Perhaps, by near-duplicates, by at most {most:.1f} points: the effect was not measured."
            return perhaps if self.rows else "Hardly by near-duplicates."
        excess = self.excess
        word = "Yes, " if excess.helps else "No, not " if excess.hurts else "Not more than by chance "
        return (
            f"{word}by near-duplicates: the accuracy of a nearest-neighbour classifier, which remembers all drawings, "
            f"is {100 * self.plain:.1f} % with plain folds and {100 * self.grouped:.1f} % with folds that keep copies "
            f"together. The difference is {100 * excess.value:+.1f} points (95 % interval {100 * excess.low:+.1f} to "
            f"{100 * excess.high:+.1f}). A model that remembers less gains less."
        )


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
    counts = (k, seed, groups, helped, misled, len(label))
    if features is None or len(label) < 2 or len(np.unique(label)) < 2:
        return Crossing(*counts, None, None)
    grouped = stratified_folds(label, shares, seed, group)
    most = min(_SCORED, max(1, _COMPARED // len(label)))
    scored = np.arange(len(label)) if len(label) <= most else np.arange(most) * len(label) // most
    right, right_grouped = (_nearest_neighbour(features, label, fold, scored) for fold in (plain, grouped))
    excess = paired_difference(right_grouped, right, group[scored])
    return Crossing(*counts, float(right.mean()), float(right_grouped.mean()), excess)


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


def _nearest_neighbour(
    features: NDArray[np.float32], label: NDArray[np.int64], fold: NDArray[np.int64], scored: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return whether the most similar row in other folds, by cosine, has the class of each scored row, bool [n].

    Of more than 10,000 rows, at most 10,000 evenly spaced ones are scored: the time grows with the square of the rows.
    """
    right = np.zeros(len(scored), dtype=bool)
    block = max(1, min(_BLOCK, _AT_ONCE // len(label)))
    for start in range(0, len(scored), block):
        part = scored[start : start + block]
        cosine = features[part] @ features.T
        cosine[fold[part][:, None] == fold[None, :]] = -2
        right[start : start + block] = label[cosine.argmax(axis=1)] == label[part]
    return right


def _have(number: int) -> str:
    return "has" if number == 1 else "have"
