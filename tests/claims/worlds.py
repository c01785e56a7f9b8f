"""Networks of a small world: logits with noise of their own, on rows of folds and on test rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from sketchfit.claims.unit import Answers, FoldUnit


@dataclass(frozen=True)
class World:
    """What decides how hard the rows are.

    Attributes:
        classes: number of them.
        signal: logit of the true class above the others.
        noise: of each network, in logits.
    """

    classes: int = 10
    signal: float = 2.0
    noise: float = 0.7

    def units(
        self, label: np.ndarray, rng: np.random.Generator, count: int, signal: float | None = None
    ) -> list[np.ndarray]:
        """Probabilities of `count` networks on the same rows; they share a part of their errors."""
        eye = np.eye(self.classes)[label]
        shared = rng.normal(size=eye.shape) + (self.signal if signal is None else signal) * eye
        return [softmax(shared + self.noise * rng.normal(size=eye.shape), axis=1) for _ in range(count)]

    def answers(
        self, seed: int, folds: int = 3, rows: int = 400, test: int = 800, signal: float | None = None
    ) -> tuple[Answers, np.ndarray]:
        """Answers of a run, and the labels of its test rows; `signal` is that of the test rows."""
        rng = np.random.Generator(np.random.Philox(key=seed))
        test_label = rng.integers(0, self.classes, test)
        on_test = self.units(test_label, rng, folds, signal)
        made = []
        for fold, of_test in enumerate(on_test):
            label = rng.integers(0, self.classes, rows)
            (oof,) = self.units(label, rng, 1)
            made.append(FoldUnit(np.arange(rows) + fold * rows, label, oof, of_test, (fold,)))
        return Answers(tuple(made), np.mean(on_test, axis=0)), test_label


def single_accuracy(answers: Answers, label: np.ndarray) -> float:
    """Mean accuracy of the units on the test rows."""
    return float(np.mean([(unit.test.argmax(axis=1) == label).mean() for unit in answers.units]))


def final_accuracy(answers: Answers, label: np.ndarray) -> float:
    """Accuracy of the final answer."""
    return float((answers.final.argmax(axis=1) == label).mean())
