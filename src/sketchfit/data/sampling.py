"""Choose the rows of an epoch: each once, or classes balanced. A pure function of the epoch.

Square-root sampling: "Exploring the Limits of Weakly Supervised Pretraining", Mahajan et al., arXiv 1805.00932.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.batches import epoch_order

_STREAM = 1 << 40
"""Separates the generator of repetitions from those of the order, whose second key is the epoch."""


def sampled_order(
    rows: NDArray[np.int64], label: NDArray[np.int64], power: float, seed: int, epoch: int
) -> NDArray[np.int64]:
    """Return as many rows as there are, with classes in proportion to count^power.

    Args:
        rows: int64 [n], training rows.
        label: int64 [N], class index of every row of the table.
        power: 1: each row once; 0: all classes equally often.
        seed, epoch: the result is a pure function of them.

    Returns:
        int64 [n] in random order. Rows of one class differ by at most one in how often they occur.
    """
    if power == 1:
        return epoch_order(rows, seed, epoch)
    rng = np.random.Generator(np.random.Philox(key=[seed, epoch + _STREAM]))
    classes, place, counts = np.unique(label[rows], return_inverse=True, return_counts=True)
    quotas = _quotas(counts, power, rng)
    chosen = [_repeated(rows[place == number], quotas[number], rng) for number in range(len(classes))]
    return epoch_order(np.concatenate(chosen), seed, epoch)


def _quotas(counts: NDArray[np.int64], power: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return integers with the same sum as the counts; the rest after rounding down goes to random classes."""
    wanted = counts**power / (counts**power).sum() * counts.sum()
    quotas: NDArray[np.int64] = np.floor(wanted + 1e-9).astype(np.int64)
    left = int(counts.sum() - quotas.sum())
    if left:
        rest = np.clip(wanted - quotas, 1e-12, None)
        quotas[rng.choice(len(counts), left, replace=False, p=rest / rest.sum())] += 1
    return quotas


def _repeated(rows: NDArray[np.int64], times: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return `times` of the rows: all of them as often as possible, then random ones."""
    full, rest = divmod(int(times), len(rows))
    chosen: NDArray[np.int64] = np.concatenate([np.tile(rows, full), rng.permutation(rows)[:rest]])
    return chosen
