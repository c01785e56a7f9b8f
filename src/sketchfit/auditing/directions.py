"""Classes that depend on the direction of a drawing: flipped or turned, it looks like another class.

An arrow to the left is, mirrored, an arrow to the right. A classifier that was not trained with flips predicts it so;
training with flips then gives both drawings both labels. Whether a class is like that is measured on the training
images without a network, because pretrained networks have been trained with flips: histograms of oriented gradients of
the ink (Dalal and Triggs, CVPR 2005) and a ridge classifier, on rows that it has not learnt from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.data.folds import stratified_folds
from sketchfit.data.paper import contrast

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
Picture = NDArray[np.uint8]
LoadImage = Callable[[int], tuple[Picture, Picture]]
"""Row to the image uint8 [S, S, C] and its paper colour [C]."""

TURNS: Mapping[str, Sequence[Callable[[Picture], Picture]]] = {
    "hflip": (lambda image: image[:, ::-1],),
    "vflip": (lambda image: image[::-1],),
    "quarter_turn": tuple(lambda image, times=times: np.rot90(image, times) for times in (1, 2, 3)),  # type: ignore[misc]
}
"""Operations of a policy that turn a drawing without any change of its lines, and their results."""

PER_CLASS = 40
MOST = 10_000
"""Rows that are measured, per class and altogether."""

SIDE = 64
PARTS = 5
RIDGE = 0.3
LEVEL = 0.05
"""Level of significance, divided by the number of classes."""

CELL = 8
ANGLES = 8
"""Side of a cell in pixels, and angles that are distinguished within half a turn."""

DIMENSIONS = (SIDE // CELL) ** 2 * ANGLES
"""Features of a drawing."""

TOGETHER = 32
"""Drawings that a thread describes before it takes others."""


@dataclass(frozen=True)
class Direction:
    """A class whose turned drawings look like another class.

    Attributes:
        turn: a key of `TURNS`.
        source, target: class indices: drawings of `source`, turned, look like `target`.
        rows: drawings of `source` that were measured.
        as_they_are: share of them that is classified as `source`.
        turned_source, turned_target: share of the turned ones that is classified as `source` and as `target`.
        p: of no difference between drawings and turned drawings.
    """

    turn: str
    source: int
    target: int
    rows: int
    as_they_are: float
    turned_source: float
    turned_target: float
    p: float


def find_directions(
    image: LoadImage, label: Ints, group: Ints | None, turns: Sequence[str], threads: int = 1
) -> list[Direction]:
    """Find the classes whose turned drawings look like another class.

    Args:
        image: returns the drawing of a row; called from several threads.
        label: int64 [N], class of each row; -1 for rows that are not to be measured.
        group: int64 [N], near-duplicates share a number; None: rows are independent.
        turns: keys of `TURNS` to try.
        threads: that read and describe the drawings.

    Returns:
        One per class and turn, ordered by both; of several results of a quarter turn the clearest.
    """
    rows = _sampled(label)
    classes = np.unique(label[rows])
    if len(classes) < 2 or len(rows) < 2 * PARTS:
        return []
    own = label[rows]
    part = stratified_folds(own, [1 / PARTS] * PARTS, 0, None if group is None else group[rows])
    if len(np.unique(part)) < 2:
        return []  # all rows are in one group
    changes = [(turn, change) for turn in turns for change in TURNS[turn]]
    plain, *turned = _described(image, rows, [_unchanged, *(change for _, change in changes)], threads)
    heads = [_Ridge.fit(plain[part != number], own[part != number], classes) for number in range(PARTS)]

    def predicted(values: Floats) -> Ints:
        found = np.empty(len(rows), dtype=np.int64)
        for number, head in enumerate(heads):
            found[part == number] = head.predict(values[part == number])
        return found

    before = predicted(plain)
    tries = [(turn, predicted(values)) for (turn, _), values in zip(changes, turned, strict=True)]
    return changed_classes(own, before, tries)


def changed_classes(label: Ints, before: Ints, tries: Sequence[tuple[str, Ints]]) -> list[Direction]:
    """Return the classes whose turned drawings are predicted as another class.

    Args:
        label: int64 [n], class of each drawing.
        before: int64 [n], predicted for the drawings as they are, by models that have not learnt from them.
        tries: names of turns, with the classes predicted for the turned drawings, int64 [n].

    Returns:
        One per class and turn, ordered by both; of several results of a turn the clearest.
    """
    found: list[Direction] = []
    classes = np.unique(label).tolist()
    for turn in dict.fromkeys(name for name, _ in tries):
        for number in classes:
            rows = label == number
            each = [_compare(turn, number, before[rows], after[rows]) for name, after in tries if name == turn]
            found += sorted((one for one in each if one is not None), key=lambda one: one.p)[:1]
    clear = {(one.turn, one.source, one.target) for one in found if one.p < LEVEL / len(classes)}
    # Where A becomes B, fewer drawings are enough to show that B becomes A.
    known = clear | {(turn, target, source) for turn, source, target in clear}
    return [one for one in found if (one.turn, one.source, one.target) in known]


def _sampled(label: Ints) -> Ints:
    """Return at most so many rows per class, evenly spread over its rows, ascending."""
    counts = np.bincount(label[label >= 0])
    most = max(1, min(PER_CLASS, MOST // max(1, int((counts > 0).sum()))))
    chosen = [rows[np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(int)] for rows in _each(label)]
    return np.sort(np.concatenate([np.zeros(0, np.int64), *chosen]))


def _each(label: Ints) -> Iterator[Ints]:
    for number in np.unique(label[label >= 0]):
        yield np.flatnonzero(label == number)


def _described(
    image: LoadImage, rows: Ints, changes: Sequence[Callable[[Picture], Picture]], threads: int
) -> list[Floats]:
    """Return the features float32 [n, D] of the drawings after each change; each drawing is read once."""
    found = [np.empty((len(rows), DIMENSIONS), dtype=np.float32) for _ in changes]

    def describe_part(places: Ints) -> None:
        for place in places.tolist():
            ink = _ink(*image(int(rows[place])))
            for values, change in zip(found, changes, strict=True):
                values[place] = describe(change(ink))

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(describe_part, np.array_split(np.arange(len(rows)), -(-len(rows) // TOGETHER))))
    return found


def _unchanged(picture: Picture) -> Picture:
    return picture


def _ink(image: Picture, paper: Picture) -> Picture:
    """Return the ink uint8 [s, s] of a drawing, cut to a square around it."""
    ink = contrast(image, paper)
    rows, columns = (np.flatnonzero(ink.max(axis=axis) > ink.max() / 4) for axis in (1, 0))
    if not len(rows):
        return ink
    side = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    square = np.zeros((side, side), np.uint8)
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    top, left = (side - cut.shape[0]) // 2, (side - cut.shape[1]) // 2
    square[top : top + cut.shape[0], left : left + cut.shape[1]] = cut
    return square


def describe(ink: Picture) -> Floats:
    """Return histograms of oriented gradients of ink uint8 [s, s]: float32 [cells · ANGLES], unit norm.

    A gradient counts by the root of its size, so that thin and thick lines count alike, for its two nearest angles.
    """
    inner = cv2.resize(np.ascontiguousarray(ink), (SIDE - 8, SIDE - 8), interpolation=cv2.INTER_AREA)
    framed = cv2.copyMakeBorder(inner, 4, 4, 4, 4, cv2.BORDER_CONSTANT, value=(0.0,)).astype(np.float32)
    x, y = cv2.Sobel(framed, cv2.CV_32F, 1, 0), cv2.Sobel(framed, cv2.CV_32F, 0, 1)
    size, place = np.sqrt(np.hypot(x, y)), np.arctan2(y, x) / np.pi % 1 * ANGLES
    lower = place.astype(np.int64) % ANGLES
    share = place - np.floor(place)
    per_side = SIDE // CELL
    line = np.arange(SIDE) // CELL
    cell = (line[:, None] * per_side + line) * ANGLES
    length = per_side * per_side * ANGLES
    found = np.bincount((cell + lower).ravel(), (size * (1 - share)).ravel(), length)
    found += np.bincount((cell + (lower + 1) % ANGLES).ravel(), (size * share).ravel(), length)
    return (found / max(float(np.linalg.norm(found)), 1e-9)).astype(np.float32)


@dataclass(frozen=True)
class _Ridge:
    """A linear classifier by ridge regression on centred features."""

    mean: Floats
    weight: Floats
    bias: Floats
    classes: Ints

    @classmethod
    def fit(cls, values: Floats, label: Ints, classes: Ints) -> _Ridge:
        mean = values.mean(axis=0)
        targets = (label[:, None] == classes).astype(np.float32)
        share = targets.mean(axis=0)
        centred = values - mean
        gram = centred.T @ centred
        gram[np.diag_indices_from(gram)] += RIDGE * max(float(np.trace(gram)) / len(gram), 1e-6)
        weight = np.linalg.solve(gram, centred.T @ (targets - share))
        return cls(mean, weight.astype(np.float32), share, classes)

    def predict(self, values: Floats) -> Ints:
        scores = (values - self.mean) @ self.weight + self.bias
        found: Ints = self.classes[scores.argmax(axis=1)]
        return found


def _compare(turn: str, number: int, before: Ints, after: Ints) -> Direction | None:
    """Compare the classes predicted for drawings of one class, as they are and turned; None where nothing changes.

    The other class is the one that is predicted most for both together, which does not favour either.
    """
    from scipy.stats import binomtest  # takes half a second to import

    others = np.concatenate([before, after])
    others = others[others != number]
    if not len(others):
        return None
    target = int(np.bincount(others).argmax())
    gained, lost = (
        int(((after == target) & (before != target)).sum()),
        int(((before == target) & (after != target)).sum()),
    )
    stays, becomes = float((after == number).mean()), float((after == target).mean())
    as_they_are = float((before == number).mean())
    if gained <= lost or becomes <= stays or as_they_are <= float((before == target).mean()):
        return None
    p = float(binomtest(gained, gained + lost, alternative="greater").pvalue)
    return Direction(turn, number, target, len(before), as_they_are, stays, becomes, p)
