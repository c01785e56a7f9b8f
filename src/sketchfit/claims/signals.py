"""What probabilities without labels show of accuracy: thresholds, confidence, and how concentrated the answers are.

The reference is measured once, on out-of-fold rows. After that neither labels nor out-of-fold rows are needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import logit

from sketchfit.claims.thresholds import Threshold, log_odds, negative_entropy
from sketchfit.claims.unit import Answers, FoldUnit, shared_temperature, tempered
from sketchfit.inference.arrays import Floats, Ints

_CERTAIN = 0.005
"""Accuracies are kept this far from 0 and 1 before log-odds are taken."""


def odds(accuracy: float) -> float:
    """Return the log-odds of an accuracy, which is first kept away from 0 and 1."""
    return float(logit(np.clip(accuracy, _CERTAIN, 1 - _CERTAIN)))


@dataclass(frozen=True)
class UnitReference:
    """A unit on the rows of its fold.

    Attributes:
        accuracy: share of right answers.
        confidence: mean probability of the most probable class.
        by_confidence, by_entropy: thresholds of the log-odds of the most probable class, and of the negative entropy.
        networks: numbers of the folds of its networks.
    """

    accuracy: float
    confidence: float
    by_confidence: Threshold
    by_entropy: Threshold
    networks: tuple[int, ...] = ()

    @classmethod
    def of(cls, unit: FoldUnit) -> UnitReference:
        """Measure a unit whose probabilities have the shared temperature."""
        return cls(
            float(unit.right.mean()),
            float(unit.oof.max(axis=1).mean()),
            Threshold.fit(log_odds(unit.oof), unit.right),
            Threshold.fit(negative_entropy(unit.oof), unit.right),
            unit.networks,
        )


@dataclass(frozen=True)
class Signals:
    """Accuracies that probabilities of some rows suggest, each the mean over units, 0 … 1.

    Attributes:
        by_confidence, by_entropy: ATC with both scores.
        by_difference: difference of confidences (DoC), "Predicting with Confidence on Unseen Distributions",
            Guillory et al., arXiv 2107.03315.
        collision: probability that two rows get the same class.
        frequencies: float64 [K, C], mean probability of each class, per unit.
    """

    by_confidence: float
    by_entropy: float
    by_difference: float
    collision: float
    frequencies: Floats


@dataclass(frozen=True)
class FoldsReference:
    """All units on the rows of their folds.

    Attributes:
        temperature: shared by all units; their probabilities are tempered by it before anything is measured.
        units: in the order of `Answers.units`.
        collision: probability that two rows get the same class, if classes are as frequent as in training and rows are
            sampled independently.
        frequencies: float64 [K, C], mean probability of each class, per unit.
    """

    temperature: float
    units: tuple[UnitReference, ...]
    collision: float
    frequencies: Floats

    @classmethod
    def of(cls, answers: Answers) -> FoldsReference:
        """Measure the units of a run, at least one; each has at least one row."""
        temperature = shared_temperature(answers)
        units = [unit.tempered(temperature) for unit in answers.units]
        collision = float(np.mean([_reference_collision(unit) for unit in units]))
        frequencies = np.stack([unit.oof.mean(axis=0) for unit in units])
        return cls(temperature, tuple(UnitReference.of(unit) for unit in units), collision, frequencies)

    @property
    def accuracy(self) -> float:
        """Mean accuracy of the units on the rows of their folds."""
        return float(np.mean([unit.accuracy for unit in self.units]))

    def signals(self, probs: Sequence[Floats]) -> Signals:
        """Measure rows without labels.

        Args:
            probs: probabilities of each unit as it stores them, float [M, C]; units may have other rows.
        """
        soft = [tempered(prob, self.temperature) for prob in probs]
        pairs = list(zip(self.units, soft, strict=True))
        changes = [unit.accuracy + float(prob.max(axis=1).mean()) - unit.confidence for unit, prob in pairs]
        return Signals(
            float(np.mean([unit.by_confidence.passed(log_odds(prob)).mean() for unit, prob in pairs])),
            float(np.mean([unit.by_entropy.passed(negative_entropy(prob)).mean() for unit, prob in pairs])),
            float(np.clip(np.mean(changes), 0, 1)),
            float(np.mean([_collision(prob.argmax(axis=1)) for prob in soft])),
            np.stack([prob.mean(axis=0) for prob in soft]),
        )

    def passed(self, probs: Sequence[Floats]) -> Floats:
        """Return the share of units whose confidence passes, float64 [M]; all units have the same rows."""
        soft = [tempered(prob, self.temperature) for prob in probs]
        each = [unit.by_confidence.passed(log_odds(prob)) for unit, prob in zip(self.units, soft, strict=True)]
        return np.asarray(np.mean(each, axis=0))


def _collision(chosen: Ints) -> float:
    """Return the share of pairs of rows with the same class; 0 for a single row."""
    counts, rows = np.bincount(chosen).astype(np.float64), len(chosen)
    return float((counts * (counts - 1)).sum()) / max(rows * (rows - 1), 1)


def _reference_collision(unit: FoldUnit) -> float:
    """Return the probability of equal answers for two rows sampled by the class frequencies of the fold.

    Folds are stratified, so two of their rows have the same class less often than two rows sampled independently. Pairs
    of the same class and of different classes are therefore counted apart, and weighted.
    """
    classes = unit.oof.shape[1]
    counts = np.zeros((classes, classes))
    np.add.at(counts, (unit.label, unit.oof.argmax(axis=1)), 1.0)
    size = counts.sum(axis=1)
    known = size > 0
    share, size = size[known] / size.sum(), size[known]
    by_class = counts[known] / size[:, None]
    equal = (by_class**2).sum(axis=1)  # of two rows of a class that may be the same row
    of_two = np.where(size > 1, (size * equal - 1) / np.maximum(size - 1, 1), equal)
    return float(((share @ by_class) ** 2).sum() + (share**2 * (of_two - equal)).sum())
