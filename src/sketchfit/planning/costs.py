"""Seconds of units, from measured rates and the number of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sketchfit.planning.ladder import Rung
from sketchfit.planning.options import BankOption, NetworkOption

HEAD_SECONDS = 8.0
"""Closed-form heads of all folds of `HEAD_ROWS` rows."""

HEAD_ROWS = 6000

OVERHEAD = 2.0
"""Seconds of every unit: building the network, writing files."""


@dataclass(frozen=True)
class Counts:
    """Numbers of rows.

    Attributes:
        train, valid: of one fold.
        tests: test rows.
        folds: number of folds.
        batch: images per batch.
    """

    train: int
    valid: int
    tests: int
    folds: int
    batch: int

    @property
    def images(self) -> int:
        """Images of both tables."""
        return self.train + self.valid + self.tests

    @property
    def updates(self) -> int:
        """Updates of an epoch."""
        return max(1, self.train // min(self.batch, self.train))

    @property
    def head_seconds(self) -> float:
        """Seconds of a closed-form head."""
        return HEAD_SECONDS * float((min(self.train + self.valid, 12_000) / HEAD_ROWS) ** 2.3)


@dataclass(frozen=True)
class Rates:
    """Seconds per image.

    Attributes:
        size: side of the input at which they were measured.
        training: of a training step.
        prediction: of probabilities.
        decoding: of an image.
        maps: of the stored output of frozen layers, per copy.
    """

    size: int
    training: float
    prediction: float
    decoding: float
    maps: float = 0.0

    def at(self, size: int) -> Rates:
        """Return them for another size: in proportion to the pixels."""
        pixels = (size / self.size) ** 2
        return Rates(size, self.training * pixels, self.prediction * pixels, self.decoding, self.maps * pixels)


def bank_option(rung: Rung, rates: Rates, counts: Counts, ratio: float, done: bool) -> BankOption:
    """Return a bank member with its estimated time; `ratio` is actual against estimated time of earlier ones."""
    here = rates.at(rung.size)
    seconds = OVERHEAD + counts.images * (here.prediction + here.decoding) + counts.head_seconds
    return BankOption(rung.name, ratio * seconds, rung.size, done, rung.filler)


def network_option(
    rung: Rung, rates: Rates, counts: Counts, ratio: float, done: tuple[int, ...], views: int
) -> NetworkOption:
    """Return a network member with its estimated times.

    Args:
        rung: the member.
        rates: of its backbone.
        counts: of rows.
        ratio: actual against estimated time of earlier units.
        done: epochs of its finished folds.
        views: test-time views, the entire image included.
    """
    here = rates.at(rung.size)
    predicted = views * (counts.valid + counts.tests) + counts.train
    start = OVERHEAD + counts.train * here.prediction + (0.0 if done else counts.images * here.decoding)
    after = OVERHEAD + predicted * here.prediction + 0.6 * counts.head_seconds
    epoch = counts.updates * counts.batch * here.training
    if not done:  # the first fold computes them for all folds
        epoch += (counts.train + counts.valid) * here.maps
    return NetworkOption(
        rung.name,
        ratio * start,
        ratio * epoch,
        ratio * after,
        counts.updates,
        rung.size,
        rung.backbone.prior,
        done,
    )


def ratio_of(ratios: Mapping[str, float], member: str, kind: str) -> float:
    """Return the last ratio of actual to estimated time of a member; that of its kind where it has none; else 1."""
    return ratios.get(member, ratios.get(kind, 1.0))
