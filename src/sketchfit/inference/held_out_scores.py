"""Out-of-fold rows for the noise model: confidence per row, and how probable a label is as an honest error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from sketchfit.inference import metrics
from sketchfit.inference.arrays import Bools, Floats, Ints

TEMPERATURES = (0.7, 1.0, 1.5, 2.5, 5.0)
"""Temperatures of the distributions of honest errors; a uniform distribution is added."""

CONFIDENCE = 1e-6
"""Smallest probability of an error that is distinguished from 0."""

_BLOCK = 1 << 22


@dataclass(frozen=True)
class LabelledScores:
    """Rows with their labels.

    Attributes:
        differs: bool [N], the label is not the most probable class.
        logit: float64 [N], log-odds of the most probable class.
        parts: float64 [N, K]: if the network errs, the probability of this label among the other classes, by each of K
            distributions.
        weight: float64 [N], 1 / number of near-duplicates of the row, so that each family counts once.
        classes: number of classes, C, at least 2.
    """

    differs: Bools
    logit: Floats
    parts: Floats
    weight: Floats
    classes: int

    def part(self, rows: Bools) -> LabelledScores:
        """Select rows, bool [N]."""
        return LabelledScores(self.differs[rows], self.logit[rows], self.parts[rows], self.weight[rows], self.classes)


@dataclass(frozen=True)
class HeldOutScores:
    """Rows without labels.

    Attributes:
        prob: float [N, C].
        top: int64 [N], the most probable class.
        logit: float64 [N], its log-odds.
        norm: float64 [N, K]: logarithm of the sum of p^(1/t) over the other classes, per temperature t.
    """

    prob: Floats
    top: Ints
    logit: Floats
    norm: Floats

    @classmethod
    def of(cls, prob: Floats) -> HeldOutScores:
        """Prepare probabilities float [N, C], C at least 2."""
        top = prob.argmax(axis=1)
        highest = np.clip(prob.max(axis=1).astype(np.float64), CONFIDENCE, 1 - CONFIDENCE)
        norm = np.empty((len(prob), len(TEMPERATURES)))
        for rows in _blocks(prob):
            log = np.log(np.maximum(prob[rows], metrics.FLOOR))
            log[np.arange(len(log)), top[rows]] = -np.inf
            for place, temperature in enumerate(TEMPERATURES):
                norm[rows, place] = logsumexp(log / temperature, axis=1)
        return cls(prob, top, np.log(highest / (1 - highest)), norm)

    def labelled(self, label: Ints, weight: Floats) -> LabelledScores:
        """Combine the rows with labels int64 [N] and weights float64 [N]."""
        rows, classes = self.prob.shape
        own = np.log(np.maximum(self.prob[np.arange(rows), label].astype(np.float64), metrics.FLOOR))
        errors = np.exp(own[:, None] / np.array(TEMPERATURES) - self.norm)
        parts = np.column_stack([errors, np.full(rows, 1 / (classes - 1))])
        return LabelledScores(np.asarray(label != self.top), self.logit, np.minimum(parts, 1.0), weight, classes)


def _blocks(prob: Floats) -> Iterator[slice]:
    step = max(1, _BLOCK // prob.shape[1])
    return (slice(start, start + step) for start in range(0, len(prob), step))
