"""The trials of a search, stored by Optuna: which values were tried, how accurate they were, and what to try next.

Sampler: tree-structured Parzen estimator, Bergstra et al., NeurIPS 2011. Pruner: Wilcoxon's signed-rank test of the
scores of a trial and of the best one, on the same parts of the rows (`optuna.pruners.WilcoxonPruner`).
"""

from __future__ import annotations

import logging
import sqlite3
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import optuna
from optuna.exceptions import ExperimentalWarning, StorageInternalError
from optuna.trial import FrozenTrial, Trial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from sketchfit.config.search_space import Space, Value, ValueList
from sketchfit.errors import RunError

STORAGE = "trials.db"
"""SQLite file in the folder of a search; `optuna-dashboard sqlite:///trials.db` shows it."""

RANDOM_TRIALS = 8
"""At first, values are sampled."""

MOST_PARTS = 1000
"""Of the rows of a fold, on which trials are compared."""

PRUNED = 0.05
"""A trial ends where Wilcoxon's test of it against the best one gives a lower p."""

Status = Literal["complete", "pruned", "failed"]


@dataclass(frozen=True)
class OpenTrial:
    """A trial that has begun.

    Attributes:
        number: from 0; the first one is the recipe itself.
        values: by setting; empty for a recipe that is not in the space.
    """

    number: int
    values: Mapping[str, Value]


@dataclass(frozen=True)
class EndedTrial(OpenTrial):
    """A trial that has ended.

    Attributes:
        score: accuracy on the rows that it has validated; None where it has failed.
        status: `complete`: on all folds of the search.
        reason: why it has failed.
    """

    score: float | None
    status: Status
    reason: str = ""


class TrialStudy:
    """The trials of a search. What comes next depends on the seed and on the trials that have ended.

    Args:
        folder: with the storage, which is made where there is none.
        space: what is varied.
        seed: of the values.
    """

    def __init__(self, folder: Path, space: Space, seed: int) -> None:
        self._space, self._seed = space, seed
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        logging.getLogger("alembic").setLevel(logging.WARNING)
        with _without_warnings():
            self._study = optuna.create_study(
                storage=_storage(folder / STORAGE),
                study_name="search",
                direction="maximize",
                load_if_exists=True,
                pruner=optuna.pruners.WilcoxonPruner(p_threshold=PRUNED),
            )

    def begun(self) -> list[OpenTrial]:
        """Return the trials that have begun and not ended: those of a search that was stopped."""
        running = self._study.get_trials(states=(TrialState.RUNNING,))
        for one in running:
            if one.number:  # it may have been stopped before it had all its values
                self._choose_values(Trial(self._study, one._trial_id))
        return [self._open(one.number) for one in running]

    def ended(self) -> list[EndedTrial]:
        """Return the trials that have ended, in the order of their numbers."""
        found = self._study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL))
        return [
            EndedTrial(
                one.number,
                self._values(one),
                one.user_attrs["score"],
                cast(Status, one.user_attrs["status"]),
                one.user_attrs["reason"],
            )
            for one in found
        ]

    def begin(self, values: Mapping[str, Value] | None = None) -> OpenTrial:
        """Begin a trial.

        Args:
            values: of the trial; None: the sampler chooses them. Empty: none are varied.
        """
        if values and not self._study.get_trials(states=(TrialState.WAITING,)):
            self._study.enqueue_trial(dict(values))
        trial = self._study.ask()
        if values is None or values:
            self._choose_values(trial)
        return self._open(trial.number)

    def _choose_values(self, trial: Trial) -> None:
        """Let the sampler choose the values that a trial does not have. They depend on its number."""
        with _without_warnings():
            self._study.sampler = optuna.samplers.TPESampler(
                seed=(self._seed + 1_000_003 * trial.number) % 2**32, n_startup_trials=RANDOM_TRIALS, constant_liar=True
            )
            for one in self._space:
                if isinstance(one, ValueList):
                    trial.suggest_categorical(one.key, one.values)
                elif one.integer:
                    trial.suggest_int(one.key, int(one.low), int(one.high), log=one.logarithmic)
                else:
                    trial.suggest_float(one.key, one.low, one.high, log=one.logarithmic)

    def report(self, trial: OpenTrial, fold: int, scores: Sequence[float]) -> bool:
        """Store the scores of the parts of a fold; return whether the trial is worse than the best one.

        Args:
            trial: that has begun.
            fold: its place among the folds of the search.
            scores: accuracy of each part; of all trials in the same order.
        """
        known = self._study.get_trials(deepcopy=False)[trial.number].intermediate_values
        running, first = self._running(trial), fold * MOST_PARTS
        with _without_warnings():
            for step, score in enumerate(scores, first):
                if step not in known:
                    running.report(score, step)
            return running.should_prune()

    def end(self, trial: OpenTrial, status: Status, score: float | None = None, reason: str = "") -> None:
        """Write the result of a trial. The next ones are compared with complete trials alone."""
        running = self._running(trial)
        for name, value in (("status", status), ("score", score), ("reason", reason)):
            running.set_user_attr(name, value)
        if status == "complete":
            self._study.tell(running, score)
        else:
            self._study.tell(running, state=TrialState.PRUNED if status == "pruned" else TrialState.FAIL)

    def _running(self, trial: OpenTrial) -> Trial:
        """Return a trial as one that can be reported on: Optuna has no public way for one of an earlier process."""
        return Trial(self._study, self._study.get_trials(deepcopy=False)[trial.number]._trial_id)

    def _open(self, number: int) -> OpenTrial:
        return OpenTrial(number, self._values(self._study.get_trials(deepcopy=False)[number]))

    def _values(self, trial: FrozenTrial) -> dict[str, Value]:
        """Return the values of a trial in the order of the space."""
        found: dict[str, Value] = {}
        for one in self._space:
            if one.key in trial.params:
                value = trial.params[one.key]
                found[one.key] = value if isinstance(one, ValueList) else one.rounded(value)
        return found


def best_trials(ended: Sequence[EndedTrial], count: int) -> list[EndedTrial]:
    """Return the complete trials with the highest scores, the best first; of equal ones, the earlier first."""
    complete = [one for one in ended if one.status == "complete" and one.score is not None]
    return sorted(complete, key=lambda one: (-(one.score or 0.0), one.number))[:count]


@contextmanager
def readable_storage(folder: Path) -> Iterator[None]:
    """Report a storage that fails in the block: damaged, of another version of Optuna, or on a full disk.

    Args:
        folder: with the storage.

    Raises:
        RunError: it has failed.
    """
    try:
        yield
    except (SQLAlchemyError, StorageInternalError) as error:
        cause = str(error).partition("\n")[0]
        raise RunError(
            f"{folder / STORAGE} cannot be read or written: {cause}",
            "If the disk is not full, choose another folder with --out, or delete the file: the search begins again.",
        ) from error


def _storage(path: Path) -> optuna.storages.RDBStorage:
    """Open the storage by its path: in an address, `?`, `#` and `%` would have another meaning."""

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(path, timeout=60.0)

    try:
        return optuna.storages.RDBStorage("sqlite:///trials.db", engine_kwargs={"creator": connect})
    except RuntimeError as error:  # it is of a version of Optuna that the installed one does not read
        raise StorageInternalError(str(error)) from error


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Leave out Optuna's notes on parts that may change in later versions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        yield
