"""What a report is made from: a finished run's probabilities, labels and history, as plain arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sketchfit.inference.metrics import ranks, row_log_loss


@dataclass(frozen=True)
class Evidence:
    """A run, read.

    `n` rows have out-of-fold probabilities; all arrays of length n are in the order of `rows`.

    Attributes:
        name: of the run.
        root: folder that `paths` are relative to.
        class_names: C names.
        class_targets: C integers, what the user's tables call each class.
        rows: int64 [n], row numbers of the training table.
        paths: n image files, relative to `root`.
        label: int64 [n].
        group: int64 [n], a number a family of near-duplicates.
        fold: int64 [n], the fold that validated the row (first repeat).
        prob: float32 [n, C], of the ensemble.
        members: a member's name to its float32 [n, C].
        test: float32 [N_test, C] of the ensemble, or None without test rows.
        histories: `member/foldK` to its table of epochs (columns as in `history.csv`).
        seconds: `member/foldK` to the time its training and prediction took.
        recipe, environment, findings: what `recipe.yaml`, `environment.json` and `audit/findings.json` say.
        steps: what views, ensemble and calibration made of the accuracy, as in `ensemble/steps.json`.
        traits: measured traits of the rows, n rows in their order, or None.
    """

    name: str
    root: Path
    class_names: tuple[str, ...]
    class_targets: tuple[int, ...]
    rows: NDArray[np.int64]
    paths: tuple[str, ...]
    label: NDArray[np.int64]
    group: NDArray[np.int64]
    fold: NDArray[np.int64]
    prob: NDArray[np.float32]
    members: Mapping[str, NDArray[np.float32]]
    test: NDArray[np.float32] | None = None
    histories: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    findings: Mapping[str, Any] = field(default_factory=dict)
    steps: Sequence[Mapping[str, Any]] = ()
    traits: pd.DataFrame | None = None

    @property
    def class_count(self) -> int:
        """Number of classes, C."""
        return len(self.class_names)

    @cached_property
    def answer(self) -> NDArray[np.int64]:
        """int64 [n], the most probable class."""
        return np.asarray(self.prob.argmax(axis=1), dtype=np.int64)

    @cached_property
    def correct(self) -> NDArray[np.bool_]:
        """bool [n]."""
        return np.asarray(self.answer == self.label)

    @cached_property
    def confidence(self) -> NDArray[np.float32]:
        """float32 [n], probability of the answer."""
        return np.asarray(self.prob.max(axis=1))

    @cached_property
    def loss(self) -> NDArray[np.float64]:
        """float64 [n], log-loss in nats."""
        return np.asarray(row_log_loss(self.prob, self.label), dtype=np.float64)

    @cached_property
    def rank(self) -> NDArray[np.int64]:
        """int64 [n], place of the true class, 0 = first."""
        return np.asarray(ranks(self.prob, self.label), dtype=np.int64)

    @cached_property
    def disagreement(self) -> NDArray[np.float64]:
        """float64 [n], 0 … 1: how far members' probabilities lie from their mean (Jensen-Shannon divergence over the
        logarithm of their number); 0 for a single member."""
        return disagreement(list(self.members.values()))


def disagreement(members: list[NDArray[np.float32]]) -> NDArray[np.float64]:
    """Jensen-Shannon divergence of members' probabilities over log M: 0 agree … 1 as far apart as can be.

    Args:
        members: M times float [N, C].

    Returns:
        float64 [N].
    """
    if len(members) < 2:
        return np.zeros(len(members[0]) if members else 0)
    mean = np.mean(members, axis=0)
    divergence = _entropy(mean) - np.mean([_entropy(prob) for prob in members], axis=0)
    return np.asarray(np.clip(divergence / np.log(len(members)), 0.0, 1.0), dtype=np.float64)


def _entropy(prob: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(-(prob * np.log(np.maximum(prob, 1e-12))).sum(axis=1), dtype=np.float64)
