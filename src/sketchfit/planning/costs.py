"""Seconds of units, from measured rates and the number of rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sketchfit.planning.deadline import slow_factor
from sketchfit.planning.ladder import Rung
from sketchfit.planning.options import BankOption, NetworkOption

HEAD_SECONDS = 9.0
"""Closed-form heads of all folds of `HEAD_ROWS` rows."""

HEAD_ROWS = 6000

OVERHEAD = 2.0
"""Seconds of every unit: building the network, writing files."""

BANK_PASS = 0.6
"""Time of an image in a pass for frozen features, relative to a prediction by torch."""

MAPS_PASS = 0.5
"""Time of an image in a pass of frozen layers, relative to torch."""

SINGLE_HEAD = 0.35
"""Time of the head of one network, relative to that of all folds on the same features."""


DOUBT = 1.08
"""A network may take so many times as long as estimated, where none of its member was trained yet: to drop it wastes
its time."""

LEAST_ROWS = 1000
"""Out-of-fold rows on which members should be compared and combined, at least. With 650 rows of 345 classes, which view
and which way of combining is better differs from one sample of rows to the next."""

ANSWER = (0.5, 6e-4)
"""Seconds of an answer by several members, and per image."""


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
    def least_folds(self) -> int:
        """Folds of a member with enough rows, or all."""
        return min(self.folds, math.ceil(LEAST_ROWS / max(1, self.valid)))

    @property
    def answer_seconds(self) -> float:
        """Seconds of an answer by several members."""
        return ANSWER[0] + ANSWER[1] * self.images

    @property
    def head_seconds(self) -> float:
        """Seconds of a closed-form head."""
        return HEAD_SECONDS * float((min(self.train + self.valid, 12_000) / HEAD_ROWS) ** 2.3)


@dataclass(frozen=True)
class Rates:
    """Seconds per image.

    Attributes:
        size: side of the input at which they were measured.
        training: of a training step, with the share of the threads that a network has.
        prediction: of probabilities, with this share.
        decoding: of an image, with all threads.
        maps: of the stored output of frozen layers, per copy, with all threads.
        at_once: networks that are trained at the same time, each with an equal share of the threads.
        on_device: those of them that share the device; 1 where each has a GPU.
        least: smallest side of the input at which networks are trained: trials at smaller ones have failed.
    """

    size: int
    training: float
    prediction: float
    decoding: float
    maps: float = 0.0
    at_once: int = 1
    on_device: int = 1
    least: int = 0

    def without_decoding(self, stored: bool) -> Rates:
        """Return them for images that are `stored`, or unchanged."""
        return replace(self, decoding=0.0) if stored else self

    def at(self, size: int) -> Rates:
        """Return them for another size: in proportion to the pixels."""
        pixels = (size / self.size) ** 2
        return self.scaled(pixels, size)

    def scaled(self, factor: float, size: int) -> Rates:
        """Return them for networks that cost so many times as much; decoding costs the same."""
        training, prediction, maps = (factor * one for one in (self.training, self.prediction, self.maps))
        return replace(self, size=size, training=training, prediction=prediction, maps=maps)


def rates_of(rung: Rung, rates: Mapping[str, Rates]) -> Rates | None:
    """Return the rates of a member's backbone; None where the member is left out, as trials of its training fail.

    Args:
        rung: the member.
        rates: of each backbone, by its name; one that is left out has none.
    """
    found = rates.get(rung.backbone.name)
    too_small = found is not None and rung.kind == "network" and rung.size < found.least
    return None if too_small else found


def bank_option(rung: Rung, rates: Rates, counts: Counts, ratio: float, done: bool) -> BankOption:
    """Return a bank member with its estimated time; `ratio` is actual against estimated time of earlier ones."""
    here = rates.at(rung.size)
    image = rung.passes * BANK_PASS * here.prediction / here.on_device + here.decoding
    heads = OVERHEAD + counts.head_seconds
    unwatched = ratio * (counts.images * here.decoding + heads)
    seconds = ratio * (counts.images * image + heads)
    return BankOption(rung.name, seconds, rung.size, done, rung.filler, slow_factor(ratio), unwatched)


def pass_seconds(rung: Rung, actual: float, counts: Counts) -> float:
    """Return the part of a bank member's time that one pass took, as predictions by torch would take it."""
    return max(actual - OVERHEAD - counts.head_seconds, 0.1 * actual) / (BANK_PASS * rung.passes)


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
    predicted = (views * (counts.valid + counts.tests) + counts.train) * BANK_PASS * here.prediction
    lower = MAPS_PASS * here.maps if rung.copies else 0.0
    return NetworkOption(
        rung.name,
        start=ratio * OVERHEAD,
        epoch=ratio * counts.updates * counts.batch * here.training,
        after=ratio * (OVERHEAD + predicted + SINGLE_HEAD * here.at_once * counts.head_seconds),
        updates=counts.updates,
        size=rung.size,
        prior=rung.backbone.prior,
        done=done,
        slow=slow_factor(ratio),
        once=ratio * counts.images * (here.decoding + lower),
        copying=ratio * (counts.train + counts.valid) * lower,
        copies=rung.copies,
        follows=rung.follows,
        decoding=ratio * counts.images * here.decoding,
    )


def ratio_of(ratios: Mapping[str, float], member: str, kind: str) -> float:
    """Return the last ratio of actual to estimated time of a member; that of its kind where it has none; else 1."""
    return ratios.get(member, ratios.get(kind, 1.0))
