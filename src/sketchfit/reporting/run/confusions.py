"""What is taken for what: the pairs that cost most, and an order of classes in which a large matrix can be read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform


@dataclass(frozen=True)
class Pair:
    """Two classes and the drawings of either that are taken for the other.

    Attributes:
        first, second: class indices; `first` is the one that is mistaken more often.
        there: drawings of `first` called `second`.
        back: drawings of `second` called `first`.
    """

    first: int
    second: int
    there: int
    back: int

    @property
    def cost(self) -> int:
        """Errors that the pair accounts for."""
        return self.there + self.back


def costly_pairs(matrix: NDArray[np.int64], count: int = 20) -> list[Pair]:
    """The pairs of classes with most errors between them, in either direction.

    Args:
        matrix: int64 [C, C], rows are true classes.
        count: at most so many.
    """
    both = np.triu(matrix + matrix.T, 1)
    order = np.argsort(-both, axis=None, kind="stable")[:count]
    pairs = []
    for flat in order:
        a, b = (int(index) for index in np.unravel_index(flat, both.shape))
        if both[a, b] == 0:
            break
        if matrix[b, a] > matrix[a, b]:
            a, b = b, a
        pairs.append(Pair(a, b, int(matrix[a, b]), int(matrix[b, a])))
    return pairs


def clustered_order(prob: NDArray[np.float32], label: NDArray[np.int64]) -> NDArray[np.int64]:
    """An order of classes in which those that are taken for each other lie side by side.

    Average-linkage clustering of classes by how much probability they lend each other, leaves turned to the best
    order (Bar-Joseph et al. 2001). Probabilities rather than answers, for they tell classes apart that are never
    confused outright.

    Args:
        prob: float [N, C].
        label: int64 [N].

    Returns:
        int64 [C], class indices.
    """
    classes = prob.shape[1]
    if classes < 3:
        return np.arange(classes)
    lent = np.zeros((classes, classes))
    np.add.at(lent, label, prob)
    lent /= np.maximum(np.bincount(label, minlength=classes), 1)[:, None]
    near = lent + lent.T
    distance = 1 - near / max(float(near[~np.eye(classes, dtype=bool)].max()), 1e-12)
    np.fill_diagonal(distance, 0.0)
    condensed = np.maximum(squareform(distance, checks=False), 0.0)
    return np.asarray(leaves_list(linkage(condensed, "average", optimal_ordering=True)), dtype=np.int64)
