"""The pass that measures simulated shifts: rows with labels, changed, by networks that were not trained on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.claims.correction import SimulatedShift
from sketchfit.claims.shifts import Change, Picture, PictureShift, picture_shifts
from sketchfit.claims.signals import FoldsReference
from sketchfit.claims.unit import FoldUnit
from sketchfit.data.batches import load_batches
from sketchfit.data.store import Store
from sketchfit.inference.arrays import Floats
from sketchfit.inference.predictor import Predictor
from sketchfit.transforms.resample import resize

Ints = NDArray[np.int64]

MOST_ROWS = 300
"""Rows of all units together, the default of `claim.simulated`. More would make the pass longer and the estimate hardly
better."""

SHARE = 0.14
"""Of the rows: they are changed even where training is short."""

COST = 0.04
"""Share of the time of training that the pass may take beyond that."""

BACKWARD = 3
"""Time of a picture in training over that of a picture that is predicted."""

FEWEST_ROWS = 30
"""With fewer rows nothing is measured."""

SHORTEST_ROW = 1e-6
"""Seconds: a row takes at least as long, whatever a clock shows."""

PredictUnit = Callable[[int, Ints, Sequence[Change]], Sequence[Floats]]
"""(place of the unit, rows of the training table [n], changes) to probabilities [n, C] per change."""


def pictures_of_a_row() -> tuple[PictureShift, ...]:
    """Return what a row is predicted with: unchanged first, then each shift."""
    return (PictureShift("", "unchanged", _unchanged), *picture_shifts())


def affordable_rows(rows: int, trained: int, most: int = MOST_ROWS) -> int:
    """Return the number of rows to change.

    Args:
        rows: that the units validate.
        trained: pictures that all networks of a member were trained on, counted in each epoch.
        most: rows that are wanted.
    """
    pictures = len(pictures_of_a_row())
    return min(most, max(int(SHARE * rows), int(COST * BACKWARD * trained / pictures)), rows)


@dataclass(frozen=True)
class PassRate:
    """Seconds of the pass by the networks of a unit.

    Attributes:
        start: before the first row.
        row: of each row, with all its changes.
    """

    start: float
    row: float

    def __add__(self, other: PassRate) -> PassRate:
        return PassRate(self.start + other.start, self.row + other.row)


def rows_in_time(seconds: float, rate: PassRate, units: int) -> int:
    """Return the number of rows, of all units together, that can be changed in a time; 0 where they are too few.

    Args:
        seconds: for all of them.
        rate: of each unit.
        units: among which the rows are divided equally.
    """
    each = int((seconds / units - rate.start) / max(rate.row, SHORTEST_ROW))
    return each * units if each * units >= FEWEST_ROWS else 0


def sampled_rows(units: Sequence[FoldUnit], count: int, seed: int) -> list[Ints]:
    """Sample rows of each unit: int64 [n] each, in the order of the unit; a pure function of the arguments.

    Args:
        units: of the run.
        count: rows of all units together, about.
        seed: of the sample.

    Returns:
        Nothing where there are too few rows.
    """
    if count < FEWEST_ROWS:
        return []
    each = -(-count // len(units))
    generators = [np.random.Generator(np.random.Philox(key=[seed, place])) for place in range(len(units))]
    places = [np.sort(rng.permutation(len(unit.row))[:each]) for rng, unit in zip(generators, units, strict=True)]
    return [np.asarray(unit.row[place], np.int64) for unit, place in zip(units, places, strict=True)]


def simulate(
    reference: FoldsReference, units: Sequence[FoldUnit], predict: PredictUnit, count: int, seed: int
) -> tuple[SimulatedShift, ...]:
    """Measure all shifts of `picture_shifts`, and the unchanged rows first.

    Args:
        reference: of the same units.
        units: of the run.
        predict: predicts changed rows by the networks of a unit.
        count: rows of all units together, about.
        seed: of the sample.

    Returns:
        Nothing where there are too few rows.
    """
    rows = sampled_rows(units, count, seed)
    if not rows:
        return ()
    shifts = pictures_of_a_row()
    changes = [one.change for one in shifts]
    answers = [predict(place, chosen, changes) for place, chosen in enumerate(rows)]
    label = [unit.label[np.isin(unit.row, chosen)] for unit, chosen in zip(units, rows, strict=True)]
    changed = sum(map(len, rows))
    found = []
    for at, shift in enumerate(shifts):
        probs = [by_change[at] for by_change in answers]
        right = [(prob.argmax(axis=1) == true).mean() for prob, true in zip(probs, label, strict=True)]
        found.append(SimulatedShift(shift.kind, shift.name, reference.signals(probs), float(np.mean(right)), changed))
    return tuple(found)


def predict_changed(
    predictor: Predictor, store: Store, rows: Ints, changes: Sequence[Change], seed: int
) -> list[Floats]:
    """Predict rows of a store with each change of the network's input; each row is read once.

    Args:
        predictor: of a network.
        store: of the training images.
        rows: int64 [n].
        changes: at least one; each gets a generator that depends on the seed and the row alone.
        seed: of the changes.

    Returns:
        Probabilities float32 [n, C] per change.
    """

    def prepare(image: Picture, paper: Picture, rng: np.random.Generator) -> Picture:
        picture = resize(image, predictor.size)
        seeds = rng.integers(0, 1 << 62, len(changes))
        return np.stack(
            [change(picture, paper, np.random.default_rng(int(s))) for change, s in zip(changes, seeds, strict=True)]
        )

    def generator(row: int) -> np.random.Generator:
        return np.random.Generator(np.random.Philox(key=[seed, row]))

    step = max(1, predictor.batch_size // len(changes))
    batches = [rows[start : start + step] for start in range(0, len(rows), step)]
    found: list[list[Floats]] = [[] for _ in changes]
    for batch in load_batches(store, batches, prepare, generator, predictor.threads):
        prob = predictor.predict(batch.images.reshape(-1, *batch.images.shape[2:]))
        for at, part in enumerate(prob.reshape(len(batch.rows), len(changes), -1).swapaxes(0, 1)):
            found[at].append(part)
    return [np.concatenate(parts) for parts in found]


def _unchanged(picture: Picture, paper: Picture, rng: np.random.Generator) -> Picture:
    del paper, rng
    return picture
