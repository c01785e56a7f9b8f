"""Several runs on the rows that all of them predicted out of fold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.errors import UserError
from sketchfit.inference.intervals import Estimate, accuracy, families
from sketchfit.inference.metrics import top_k_correct
from sketchfit.reporting.evidence import Evidence
from sketchfit.wording import counted, listed


@dataclass(frozen=True)
class AlignedRuns:
    """Probabilities of K runs on the rows that all of them predicted out of fold.

    Attributes:
        names: one per run, all different.
        root: folder of the first run's images.
        paths: n image files, relative to `root`.
        label: int64 [n], the first run's.
        group: int64 [n], related rows share a number; None where rows are independent.
        prob: float32 [n, C] per run, classes in the first run's order.
        class_names: C names.
    """

    names: tuple[str, ...]
    root: Path
    paths: tuple[str, ...]
    label: NDArray[np.int64]
    group: NDArray[np.int64] | None
    prob: tuple[NDArray[np.float32], ...]
    class_names: tuple[str, ...]

    @cached_property
    def answer(self) -> NDArray[np.int64]:
        """int64 [K, n], the most probable class by run."""
        return np.stack([prob.argmax(axis=1) for prob in self.prob])

    @cached_property
    def correct(self) -> NDArray[np.bool_]:
        """bool [K, n]."""
        return np.stack([top_k_correct(prob, self.label) for prob in self.prob])

    @cached_property
    def top1(self) -> tuple[Estimate, ...]:
        """Accuracy of each run."""
        return tuple(accuracy(correct, self.group) for correct in self.correct)


def align(runs: Sequence[Evidence], names: Sequence[str] = ()) -> AlignedRuns:
    """Match the drawings that all runs predicted, by path and label.

    Args:
        runs: one or more.
        names: one per run, all different; empty: those of the folders, numbered where they are equal.

    Raises:
        UserError: the classes differ, no drawing is shared, or the names do not fit the runs.
    """
    names = _checked(names, len(runs)) if names else _distinct([run.name for run in runs])
    first = runs[0]
    for name, run in zip(names, runs, strict=True):
        if set(run.class_names) != set(first.class_names):
            raise UserError(f"{name} and {names[0]} have different classes and can't be compared")
    places_by_key = [_places_by_key(run) for run in runs]
    shared = [key for key in places_by_key[0] if all(key in other for other in places_by_key[1:])]
    if not shared:
        raise UserError(f"{listed(names)} share no out-of-fold drawing with the same label")
    places = [np.array([own[key] for key in shared], dtype=np.int64) for own in places_by_key]
    order = [[run.class_names.index(name) for name in first.class_names] for run in runs]
    return AlignedRuns(
        names=tuple(names),
        root=first.root,
        paths=tuple(path for path, _ in shared),
        label=first.label[places[0]],
        group=families(first.group[places[0]]),
        prob=tuple(run.prob[place][:, columns] for run, place, columns in zip(runs, places, order, strict=True)),
        class_names=first.class_names,
    )


def find_base(names: Sequence[str], base: str | None) -> int:
    """Return the place of the run that the others are compared with: the first one where none is named.

    Raises:
        UserError: no run has this name.
    """
    if base is None:
        return 0
    if base not in names:
        raise UserError(f"no run is named {base!r} (--base)", f"The runs: {', '.join(names)}.")
    return list(names).index(base)


def _checked(names: Sequence[str], count: int) -> tuple[str, ...]:
    """Return names that are given."""
    if len(names) != count:
        raise UserError(
            f"{counted(len(names), 'name is', 'names are')} given for {counted(count, 'run')}",
            "Give one name per run: --names before,after",
        )
    if "" in names:
        raise UserError("a run has an empty name", "Give one name per run: --names before,after")
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise UserError(f"{listed(twice)}: several runs have this name", "Give each run its own name.")
    return tuple(names)


def _places_by_key(run: Evidence) -> dict[tuple[str, str], int]:
    """Map (path, class name) to the place of the row."""
    labels = [run.class_names[index] for index in run.label]
    return {key: place for place, key in enumerate(zip(run.paths, labels, strict=True))}


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Number the runs that share a name."""
    return tuple(
        f"{name} ({names[: k + 1].count(name)})" if names.count(name) > 1 else name for k, name in enumerate(names)
    )
