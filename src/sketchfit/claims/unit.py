"""The networks of a run as a claim uses them: their answers out of fold, and on the test rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import softmax

from sketchfit.inference.arrays import Bools, Floats, Ints
from sketchfit.inference.calibration import fit_temperature, logits


@dataclass(frozen=True)
class FoldUnit:
    """What answers the rows of one fold: a network, or the networks of several members or repeats combined.

    It has not seen the rows of its fold, and it has not seen the test rows. So it is equally good on both, if the test
    rows relate to its training rows as the rows of its fold do.

    Attributes:
        row: int64 [n], rows of the training table that the fold validates.
        label: int64 [n], their classes.
        oof: float [n, C], probabilities of these rows.
        test: float [M, C], probabilities of the test rows.
        networks: numbers of the folds of its networks: one, or with repeats one per repeat.
    """

    row: Ints
    label: Ints
    oof: Floats
    test: Floats
    networks: tuple[int, ...] = ()

    @property
    def right(self) -> Bools:
        """Whether the most probable class is the true one, bool [n]."""
        return np.asarray(self.oof.argmax(axis=1) == self.label)

    def tempered(self, temperature: float) -> FoldUnit:
        """Return the unit with tempered probabilities."""
        return replace(self, oof=tempered(self.oof, temperature), test=tempered(self.test, temperature))


@dataclass(frozen=True)
class Answers:
    """All units of a run and its final answer to the test rows.

    Attributes:
        units: one per fold.
        final: float [M, C], the probabilities that leave the run.
    """

    units: tuple[FoldUnit, ...]
    final: Floats

    @property
    def right(self) -> Bools:
        """Whether each out-of-fold answer is right, bool [n], in the order of the units."""
        return np.concatenate([unit.right for unit in self.units])

    @property
    def row(self) -> Ints:
        """Training rows of `right`, int64 [n]."""
        return np.concatenate([unit.row for unit in self.units])


def shared_temperature(answers: Answers) -> float:
    """Return the temperature of least log-loss out of fold, one for all units."""
    oof = np.concatenate([unit.oof for unit in answers.units])
    label = np.concatenate([unit.label for unit in answers.units])
    return fit_temperature(oof, label).value


def tempered(prob: Floats, temperature: float) -> Floats:
    """Return softmax(log prob / temperature), float64 [N, C]."""
    return np.asarray(softmax(logits(prob) / temperature, axis=1))
