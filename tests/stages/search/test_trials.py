"""The trials of a search: parts of rows, costs, and the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.config.load import load_recipe
from sketchfit.config.search_space import parse_space
from sketchfit.data.folds import Fold
from sketchfit.errors import UserError
from sketchfit.runs.folder import RunFolder
from sketchfit.stages.search.result import best_mean
from sketchfit.stages.search.study import EndedTrial, TrialStudy, best_trials
from sketchfit.stages.search.trials import LEAST_ROWS, MOST_FAILED, PARTS, Limits, Trials, cost, parts_of
from sketchfit.training.fold_result import FoldResult
from tests.factories import tiny_recipe

pytest.importorskip("optuna")

BASE = load_recipe(tiny_recipe())
LABEL = np.arange(300) % 3
FOLDS = tuple(Fold(k, np.flatnonzero(np.arange(300) // 100 != k), np.arange(100 * k, 100 * k + 100)) for k in range(3))


@given(st.integers(1, 400), st.integers(1, 5))
def test_parts_keep_groups_together_and_are_of_similar_size(rows: int, size: int) -> None:
    group = np.arange(rows) // size
    parts = parts_of(rows, group)
    assert np.array_equal(parts, parts_of(rows, group))
    assert all(len(set(parts[group == one])) == 1 for one in set(group.tolist()))
    count = parts.max() + 1
    assert 1 <= count <= PARTS
    groups = [len(set(group[parts == one].tolist())) for one in range(count)]
    assert max(groups) - min(groups) <= 1
    assert count == 1 or min(groups) >= LEAST_ROWS


def test_the_cost_of_a_training() -> None:
    larger = BASE.model_copy(update={"model": BASE.model.model_copy(update={"input_size": 64})})
    longer = larger.model_copy(update={"training": BASE.training.model_copy(update={"epochs": 6})})
    assert (cost(BASE, BASE), cost(larger, BASE), cost(longer, BASE)) == (1, 4, 12)


@dataclass
class Trainer:
    """Trains in no time: a trial is right on a share of the rows that grows with its learning rate."""

    clock: list[float]
    trained: list[tuple[str, int]] = field(default_factory=list)
    failing: tuple[str, ...] = ()
    seconds: float = 10.0
    at_once: int = 1

    @property
    def context(self) -> Any:
        executor = SimpleNamespace(at_once=self.at_once)
        return SimpleNamespace(recipe=BASE, table=SimpleNamespace(label=LABEL), run=self.run, executor=executor)

    run = RunFolder(Path("nowhere"))
    folds = FOLDS

    def group_of(self, folds: Any) -> None:
        return None

    def train(self, run: RunFolder, recipe: Any, folds: Any) -> list[FoldResult]:
        found = []
        for fold in folds:
            if run.path.name in self.failing:
                raise UserError("the loss is not finite")
            if (run.path.name, fold.number) not in self.trained:
                self.trained.append((run.path.name, fold.number))
                self.clock[0] += self.seconds * cost(recipe, BASE)
            wrong = (np.arange(100) * 7919) % 100 >= 100 * min(recipe.optimizer.lr * 100, 1)
            label = np.where(wrong, (LABEL[fold.valid] + 1) % 3, LABEL[fold.valid])
            found.append(FoldResult(fold.valid, np.eye(3, dtype=np.float32)[label], np.zeros((0, 3), np.float32), 10.0))
        return found

    def train_ahead(self, variants: Any, folds: Any) -> None:
        for run, recipe in variants:
            self.train(run, recipe, folds)


def searched(
    folder: Path,
    trainer: Trainer,
    seconds: float | None = None,
    count: int | None = None,
    over: Sequence[str] = ("optimizer.lr=1e-3..1e-2",),
) -> Trials:
    space = parse_space(BASE, over)
    limits = Limits(seconds, count, 3, lambda: trainer.clock[0], 0.0)
    found = Trials(trainer, TrialStudy(folder, space, 0), space, limits, lambda rate, dearest: 2 * rate * dearest)  # type: ignore[arg-type]
    found.run()
    return found


def test_the_first_trial_is_the_recipe_and_the_last_fold_decides_nothing(tmp_path: Path) -> None:
    trainer = Trainer([0.0])
    ended = searched(tmp_path, trainer, count=6).study.ended()
    assert [one.number for one in ended] == list(range(6))
    assert ended[0].values == {"optimizer.lr": BASE.optimizer.lr}
    assert {fold for _, fold in trainer.trained} == {0, 1}
    assert ended[0].score == pytest.approx(0.2)  # a learning rate of 0.002
    for one in ended:
        assert one.score == pytest.approx(float(one.values["optimizer.lr"]) * 100, abs=0.011)


def test_worse_trials_are_stopped_after_a_fold(tmp_path: Path) -> None:
    trainer = Trainer([0.0])
    ended = searched(tmp_path, trainer, count=10).study.ended()
    best = 0.0
    for one in ended:
        folds = [fold for name, fold in trainer.trained if name == f"trial-{one.number}"]
        assert len(folds) == (1 if one.status == "pruned" else 2)
        assert one.score is not None
        assert one.status == "complete" or one.score < best
        best = max(best, one.score)
    assert "pruned" in [one.status for one in ended]


@pytest.mark.parametrize("seconds", [100.0, 137.0, 200.0])
def test_nothing_is_begun_that_would_not_end_in_time(tmp_path: Path, seconds: float) -> None:
    trainer = Trainer([0.0])
    searched(tmp_path, trainer, seconds=seconds)
    used, reserve = trainer.clock[0], 20.0
    assert used + reserve <= seconds
    assert used + reserve + 2 * trainer.seconds > seconds  # the time is used


def test_the_recipe_itself_is_tried_without_time_too(tmp_path: Path) -> None:
    trainer = Trainer([0.0])
    found = searched(tmp_path, trainer, seconds=1.0)
    assert [(one.number, one.status) for one in found.study.ended()] == [(0, "complete")]


def test_a_search_that_is_continued_trains_nothing_twice(tmp_path: Path) -> None:
    trainer = Trainer([0.0])
    searched(tmp_path, trainer, count=4)
    before = list(trainer.trained)
    searched(tmp_path, trainer, count=4)
    assert trainer.trained == before
    searched(tmp_path, trainer, count=6)
    assert trainer.trained[: len(before)] == before
    assert {name for name, _ in trainer.trained[len(before) :]} == {"trial-4", "trial-5"}


def test_a_trial_that_fails_is_noted_and_the_search_continues(tmp_path: Path) -> None:
    trainer = Trainer([0.0], failing=("trial-2",))
    ended = searched(tmp_path, trainer, count=4).study.ended()
    assert ended[2].status == "failed"
    assert ended[2].reason == "the loss is not finite"
    assert ended[3].status in ("complete", "pruned")


def test_a_recipe_that_fails_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not finite"):
        searched(tmp_path, Trainer([0.0], failing=("trial-0",)), count=4)


def test_a_search_ends_where_all_trials_fail(tmp_path: Path) -> None:
    trainer = Trainer([0.0], failing=tuple(f"trial-{number}" for number in range(1, 100)))
    with pytest.raises(UserError, match=f"{MOST_FAILED} trials have failed"):
        searched(tmp_path, trainer)


@pytest.mark.parametrize("seconds", [600.0, 1000.0])
def test_the_time_includes_the_last_fold_of_large_trials(tmp_path: Path, seconds: float) -> None:
    trainer = Trainer([0.0])
    found = searched(tmp_path, trainer, seconds=seconds, over=["model.input_size=32,64"])
    costs = [cost(found.variant(one).recipe, BASE) for one in best_trials(found.study.ended(), 3)]
    assert trainer.clock[0] + 2 * 10.0 * max(costs) <= seconds


def test_several_trials_at_the_same_time(tmp_path: Path) -> None:
    trainer = Trainer([0.0], failing=("trial-3",), at_once=3)
    ended = searched(tmp_path, trainer, count=7).study.ended()
    assert [one.number for one in ended] == list(range(7))
    assert ended[3].status == "failed"


def test_the_best_trials() -> None:
    scores = [(0.5, "complete"), (0.7, "complete"), (0.9, "pruned"), (None, "failed"), (0.7, "complete")]
    ended = [EndedTrial(number, {}, score, status) for number, (score, status) in enumerate(scores)]  # type: ignore[arg-type]
    assert [one.number for one in best_trials(ended, 2)] == [1, 4]
    assert [one.number for one in best_trials(ended, 9)] == [1, 4, 0]


def test_as_many_trials_as_have_the_best_mean() -> None:
    rows = FOLDS[0].valid[:4]
    label = LABEL[rows]
    sure = np.eye(3, dtype=np.float32)

    def predicted(*correct: bool, certainty: float = 1.0) -> list[FoldResult]:
        shown = np.where(correct, label, (label + 1) % 3)
        return [FoldResult(rows, certainty * sure[shown] + (1 - certainty) / 3, sure[:0], 1.0)]

    results = {
        0: predicted(True, True, False, False),
        1: predicted(True, False, True, True, certainty=0.6),
        2: predicted(True, False, True, True, certainty=0.9),
    }
    trials = SimpleNamespace(
        trainer=SimpleNamespace(context=SimpleNamespace(table=SimpleNamespace(label=LABEL))),
        folds=[Fold(0, rows[:0], rows)],
        results=lambda one: results[one.number],
    )
    ended = [EndedTrial(number, {}, 0.5, "complete") for number in range(3)]
    # Rows that are right: 2 of 4 alone; 2 of 4 with the second, which is less certain; 3 of 4 with all.
    assert [one.number for one in best_mean(trials, ended)] == [0, 1, 2]  # type: ignore[arg-type]
    assert [one.number for one in best_mean(trials, ended[:2])] == [0, 1]  # type: ignore[arg-type]
    results = {
        number: predicted(number == 0, number == 0, False, False, certainty=0.9 + 0.01 * number) for number in range(3)
    }
    assert [one.number for one in best_mean(trials, ended)] == [0]  # type: ignore[arg-type]
