"""Does plain stratified k-fold flatter here, and by how much?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.folds import crossing_groups, stratified_folds
from sketchfit.wording import counted

_BLOCK = 256
_JUDGED = 10_000


@dataclass(frozen=True)
class Crossing:
    """What plain stratified folds (same seed and k) do to copies.

    Attributes:
        k: number of folds.
        seed: of the folds.
        groups: near-duplicate groups with rows in more than one fold.
        rows: training rows that have a copy of the same class in another fold: these can be answered from memory.
        misled: rows whose only copies in other folds bear another label: these are answered wrongly from memory.
        total: training rows that can be read.
        plain, grouped: accuracy of a nearest-neighbour classifier on the drawings' lines, which forgets nothing, over
            plain folds and over folds that keep copies together; None with fewer than two rows or classes.
        answer: the answer in words.
    """

    k: int
    seed: int
    groups: int
    rows: int
    misled: int
    total: int
    plain: float | None
    grouped: float | None
    answer: str


def fold_crossing(
    label: NDArray[np.int64], group: NDArray[np.int64], features: NDArray[np.float32], k: int, seed: int
) -> Crossing:
    """Spread the rows over plain folds and over grouped ones, and compare.

    Args:
        label: int64 [N], class of each readable training row.
        group: int64 [N], near-duplicate group.
        features: float32 [N, D], unit rows, for the nearest-neighbour classifier.
        k: number of folds.
        seed: of the folds.
    """
    shares = [1 / k] * k
    plain = stratified_folds(label, shares, seed)
    groups = crossing_groups(plain, group) if len(label) else 0
    helped, misled = _rows_with_copies(label, group, plain)
    accuracy: tuple[float | None, float | None] = (None, None)
    if len(label) > 1 and len(np.unique(label)) > 1:
        grouped = stratified_folds(label, shares, seed, group)
        accuracy = _nearest_neighbour(features, label, plain), _nearest_neighbour(features, label, grouped)
    answer = _answer(k, groups, helped, misled, len(label), *accuracy)
    return Crossing(k, seed, groups, helped, misled, len(label), *accuracy, answer)


def _rows_with_copies(label: NDArray[np.int64], group: NDArray[np.int64], fold: NDArray[np.int64]) -> tuple[int, int]:
    """Rows with a copy of their own class in another fold, and rows with copies of other classes only there."""
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
    """Out-of-fold accuracy of the class of the row with the largest cosine in other folds.

    Of more than 10,000 rows, as many are judged, evenly spaced: every pair would take time with the square of the rows.
    """
    count = len(label)
    judged = np.arange(count) if count <= _JUDGED else np.arange(_JUDGED) * count // _JUDGED
    right = 0
    for start in range(0, len(judged), _BLOCK):
        part = judged[start : start + _BLOCK]
        cosine = features[part] @ features.T
        cosine[fold[part][:, None] == fold[None, :]] = -2
        right += int((label[cosine.argmax(axis=1)] == label[part]).sum())
    return right / len(judged)


def _answer(
    k: int, groups: int, helped: int, misled: int, total: int, plain: float | None, grouped: float | None
) -> str:
    if total == 0:
        return "No training image can be read, so there is nothing to say about folds."
    if groups == 0:
        return f"No: with plain stratified {k}-fold no group of near-duplicates crosses folds here."
    share = helped / total
    words = [
        f"{'Yes' if helped else 'Hardly'}: with plain stratified {k}-fold {counted(groups, 'group')} of "
        f"near-duplicates cross{'es' if groups == 1 else ''} folds, and {counted(helped, 'row')} of {total:,} "
        f"({share:.1%}) {'has' if helped == 1 else 'have'} a copy of the same class in another fold.",
        f"A model that remembers these gains up to {100 * share:.1f} percentage points that new drawings will not "
        "give; one that is right on a share a of new drawings gains (1 - a) times that.",
    ]
    if misled:
        words.append(f"{counted(misled, 'row')} {'has' if misled == 1 else 'have'} copies under another label only.")
    if plain is not None and grouped is not None:
        words.append(
            f"Measured with a nearest-neighbour classifier, which remembers all: {plain:.1%} with plain folds, "
            f"{grouped:.1%} with copies kept together ({100 * (plain - grouped):+.1f} points)."
        )
    return " ".join(words)
