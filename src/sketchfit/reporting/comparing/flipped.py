"""Drawings that some runs predict correctly and others do not, with pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.reporting.comparing.aligned import AlignedRuns
from sketchfit.reporting.kit.thumbnails import data_uri, thumbnails, webp
from sketchfit.runs.inside import first_outside

SIDE = 72
"""Of the pictures, in pixels."""

PER_KIND = 48
"""Drawings of each pair of runs, gained and lost, on the page; most belong to several pairs."""

MOST = 400
"""Drawings on the page."""


@dataclass(frozen=True)
class RunAnswer:
    """What a run predicts for a drawing: the most probable class, its probability, and whether it is the label."""

    run: str
    answer: str
    probability: float
    right: bool


@dataclass(frozen=True)
class FlippedDrawing:
    """A drawing with the answers of all runs."""

    path: str
    label: str
    picture: str
    answers: tuple[RunAnswer, ...]

    @property
    def right(self) -> str:
        """`1` or `0` per run: whether its answer is the label."""
        return "".join(str(int(one.right)) for one in self.answers)


def flipped_places(aligned: AlignedRuns) -> NDArray[np.int64]:
    """Return the places of all flipped drawings, int64: the largest change of the label's probability first."""
    flips = np.flatnonzero(aligned.correct.any(axis=0) & ~aligned.correct.all(axis=0))
    own = np.stack([prob[flips, aligned.label[flips]] for prob in aligned.prob])
    return flips[np.argsort(own.min(axis=0) - own.max(axis=0), kind="stable")]


def chosen_places(aligned: AlignedRuns, places: NDArray[np.int64]) -> list[int]:
    """Choose drawings, in their order, so that each pair of runs has some that it gains and some that it loses."""
    shown: Counter[tuple[int, int]] = Counter()
    found: list[int] = []
    for place in places.tolist():
        right = aligned.correct[:, place]
        kinds = [(int(one), int(other)) for one in np.flatnonzero(right) for other in np.flatnonzero(~right)]
        if any(shown[kind] < PER_KIND for kind in kinds):
            found.append(place)
            shown.update(kinds)
        if len(found) == MOST:
            break
    return found


def flipped_drawings(aligned: AlignedRuns, places: Sequence[int]) -> list[FlippedDrawing]:
    """Read the drawings at `places`."""
    shown = [aligned.paths[place] for place in places]
    # The folder is no image, and gives an empty picture: links out of it are not followed.
    files = [aligned.root / ("" if first_outside(aligned.root, [path]) else path) for path in shown]
    pictures = thumbnails(files, SIDE)
    return [
        FlippedDrawing(
            path, aligned.class_names[aligned.label[place]], data_uri(webp(picture, 50)), _answers(aligned, place)
        )
        for place, path, picture in zip(places, shown, pictures, strict=True)
    ]


def _answers(aligned: AlignedRuns, place: int) -> tuple[RunAnswer, ...]:
    answers = aligned.answer[:, place].tolist()
    return tuple(
        RunAnswer(name, aligned.class_names[answer], float(prob[place, answer]), answer == aligned.label[place])
        for name, answer, prob in zip(aligned.names, answers, aligned.prob, strict=True)
    )
