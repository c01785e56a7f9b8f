"""What units are worth: expected changes of the logarithm of the error, in one table of numbers.

The numbers were read off a few trainings on drawings (docs/deadline.md) and are rough: they order plans. What a run
gains in the end is measured on out-of-fold rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

FINE_TUNING = 0.27
"""A long fine-tuning against a head on frozen features of the same backbone and size."""

LENGTH = 0.3
"""Loss by a training of one epoch of `USUAL_UPDATES` updates; it falls with the number of epochs."""

USUAL_UPDATES = 156.0
"""Updates of an epoch for which `LENGTH` holds; with fewer, an epoch counts less."""

FOLDS = 0.11
"""Gain of averaging very many networks over a single one."""

MEMBERS = 0.03
"""Further gain where these are very many different members."""

BANK = 0.005
"""Gain of adding heads on frozen features to networks, which have kernel heads themselves."""

USEFUL_EPOCHS = 8
"""Networks on a few dozen drawings per class learn nothing new in further epochs."""

SIZE = 0.06
"""Gain of twice the side of the input."""

COST = 0.04
"""Loss by twice the cost of a backbone: half as many epochs or networks in the same time."""

SKETCH = 0.025
"""Gain per point of published accuracy on ImageNet-Sketch."""

WORSE = 0.1
"""A member that is worse by this counts for 1/e of a network."""

UNCERTAIN = 0.12
"""Half the width of the interval of an expected logarithm of the error."""


@dataclass(frozen=True)
class Networks:
    """Networks of one member.

    Attributes:
        epochs: of each network.
        updates: per epoch.
        size: side of the input in pixels.
        prior: expected change by its backbone, of the logarithm of the error, positive: better.
    """

    epochs: tuple[int, ...]
    updates: float
    size: int
    prior: float = 0.0

    @cached_property
    def single(self) -> float:
        """Worth of one of them, against a head on frozen features of 128 pixels, or of its size where that is smaller.

        A size below 128 pixels is that of a backbone that is made for it.
        """
        scale = _scale(self.updates)
        short = sum(LENGTH / min(scale * one, USEFUL_EPOCHS) for one in self.epochs) / len(self.epochs)
        return FINE_TUNING + SIZE * math.log2(max(1.0, self.size / 128)) + self.prior - short


def _scale(updates: float) -> float:
    """Return what an epoch of so many updates counts."""
    return math.sqrt(min(1.0, updates / USUAL_UPDATES))


def useful_epochs(updates: float) -> int:
    """Return the number of epochs, of so many updates each, beyond which nothing is gained."""
    return math.ceil(USEFUL_EPOCHS / _scale(updates))


def worth(members: Sequence[Networks], bank: bool = True, *, out_of_fold: bool = False) -> float:
    """Return the worth of members together, against a head on frozen features: higher is better.

    Args:
        members: those with networks count.
        bank: whether heads on frozen features take part.
        out_of_fold: of predictions out of fold, each by one network per member; else of the mean of all networks, which
            predicts other drawings.
    """
    used = [one for one in members if one.epochs]
    if not used:
        return 0.0
    best = max(one.single for one in used)
    share = [math.exp((one.single - best) / WORSE) for one in used]
    counts = [1 if out_of_fold else len(one.epochs) for one in used]
    networks = 1 + sum(part * count for part, count in zip(share, counts, strict=True)) - min(1.0, max(share))
    return best + FOLDS * (1 - 1 / networks) + MEMBERS * (1 - 1 / sum(share)) + BANK * bank


def accuracy_after(accuracy: float, gain: float) -> float:
    """Return the accuracy of which the logarithm of the error is lower by `gain`."""
    return 1 - (1 - accuracy) * math.exp(-gain)
