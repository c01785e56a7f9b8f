"""The trials that Optuna stores: what is asked, continued and stopped early."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sketchfit.config.search_space import Range, Space, ValueList
from sketchfit.stages.search.study import OpenTrial, TrialStudy

pytest.importorskip("optuna")

SPACE: Space = (
    Range("optimizer.lr", 1e-4, 1e-1, logarithmic=True),
    Range("training.epochs", 1, 9, integer=True),
    ValueList("transforms.policy", ("sketch", "strokes", "light")),
)


def asked(study: TrialStudy, scores: dict[str, float], count: int) -> list[OpenTrial]:
    """Run trials whose score is that of their policy."""
    found = []
    for _ in range(count):
        found.append(study.begin())
        study.end(found[-1], "complete", scores[str(found[-1].values["transforms.policy"])])
    return found


def test_values_are_in_the_space_and_of_its_types(tmp_path: Path) -> None:
    study = TrialStudy(tmp_path, SPACE, 0)
    for trial in asked(study, {"sketch": 0.5, "strokes": 0.4, "light": 0.3}, 12):
        assert list(trial.values) == [one.key for one in SPACE]
        rate, epochs, policy = trial.values.values()
        assert isinstance(rate, float)
        assert 1e-4 <= rate <= 1e-1
        assert isinstance(epochs, int)
        assert 1 <= epochs <= 9
        assert policy in ("sketch", "strokes", "light")


def test_a_continued_study_asks_what_one_without_a_pause_asks(tmp_path: Path) -> None:
    scores = {"sketch": 0.5, "strokes": 0.7, "light": 0.3}
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    entire = asked(TrialStudy(tmp_path / "a", SPACE, 3), scores, 12)
    parts = [one for _ in range(4) for one in asked(TrialStudy(tmp_path / "b", SPACE, 3), scores, 3)]
    assert entire == parts
    assert [one.number for one in entire] == list(range(12))
    assert len({str(one.values) for one in entire}) == 12


def test_another_seed_asks_for_other_values(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    first, second = (TrialStudy(tmp_path / name, SPACE, seed).begin().values for name, seed in (("a", 0), ("b", 1)))
    assert first != second


def test_it_learns_which_values_are_good(tmp_path: Path) -> None:
    found = asked(TrialStudy(tmp_path, SPACE, 0), {"sketch": 0.1, "strokes": 0.9, "light": 0.1}, 60)
    later = [one.values["transforms.policy"] for one in found[40:]]
    assert later.count("strokes") > 14  # 7 by chance


def test_given_values_are_tried(tmp_path: Path) -> None:
    study = TrialStudy(tmp_path, SPACE, 0)
    values = {"optimizer.lr": 0.01, "training.epochs": 3, "transforms.policy": "light"}
    assert study.begin(values).values == values
    assert study.begin({}).values == {}  # a recipe outside of the space
    assert len(study.begin().values) == 3


def test_a_trial_that_was_not_ended_is_continued(tmp_path: Path) -> None:
    study = TrialStudy(tmp_path, SPACE, 0)
    ended, begun = study.begin(), study.begin()
    study.report(ended, 0, [0.5, 0.5])
    study.end(ended, "complete", 0.5)
    study.report(begun, 0, [0.1, 0.2])
    again = TrialStudy(tmp_path, SPACE, 0)
    assert again.begun() == [begun]
    assert [(one.number, one.score, one.status) for one in again.ended()] == [(0, 0.5, "complete")]
    again.report(begun, 0, [0.1, 0.2])  # the same fold once more, whose network was finished
    again.end(begun, "pruned", 0.15)
    assert again.begun() == []
    assert [one.status for one in again.ended()] == ["complete", "pruned"]


def test_a_failed_trial_has_no_score_but_a_reason(tmp_path: Path) -> None:
    study = TrialStudy(tmp_path, SPACE, 0)
    study.end(study.begin(), "failed", reason="the loss is not finite")
    (found,) = study.ended()
    assert (found.score, found.status, found.reason) == (None, "failed", "the loss is not finite")


def test_a_trial_that_is_worse_in_every_part_is_stopped_and_a_similar_one_is_not(tmp_path: Path) -> None:
    study, random = TrialStudy(tmp_path, SPACE, 0), np.random.default_rng(0)
    first = 0.5 + 0.1 * random.random(20)
    best = study.begin()
    for fold in range(2):
        assert not study.report(best, fold, list(first[10 * fold : 10 * fold + 10]))
    study.end(best, "complete", float(first.mean()))
    assert study.report(study.begin(), 0, list(first[:10] - 0.05))
    noise = np.where(np.arange(10) % 2, 0.02, -0.02)
    assert not study.report(study.begin(), 0, list(first[:10] + noise))
    assert not study.report(study.begin(), 0, list(first[:10] + 0.05))


def test_folds_may_have_different_numbers_of_parts(tmp_path: Path) -> None:
    study = TrialStudy(tmp_path, SPACE, 0)
    first, second = study.begin(), study.begin()
    for fold, parts in enumerate((10, 8, 6)):
        study.report(first, fold, [0.5] * parts)
    study.end(first, "complete", 0.5)
    assert not study.report(second, 0, [0.5] * 10)
    assert not study.report(second, 1, [0.5] * 8)
    assert study.report(second, 2, [0.0] * 6)


def test_trials_are_not_compared_with_one_that_was_stopped_on_an_easy_fold(tmp_path: Path) -> None:
    study = TrialStudy(tmp_path, SPACE, 0)
    best, stopped, third = study.begin(), study.begin(), study.begin()
    study.report(best, 0, [0.9] * 10)
    study.report(best, 1, [0.6] * 10)
    study.end(best, "complete", 0.75)
    study.end(stopped, "pruned", 0.85)
    assert not study.report(third, 0, [0.91] * 10)
    assert study.report(third, 1, [0.1] * 10)


def test_a_trial_gets_the_values_that_it_lacks_when_it_is_continued(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    entire = [TrialStudy(tmp_path / "a", SPACE, 0).begin() for _ in range(2)]
    study = TrialStudy(tmp_path / "b", SPACE, 0)
    study.begin()
    study._study.ask()  # a process that was killed before the values were chosen
    begun = TrialStudy(tmp_path / "b", SPACE, 0).begun()
    assert begun == entire


def test_the_first_values_are_used_once_after_a_kill(tmp_path: Path) -> None:
    values = {"optimizer.lr": 0.01, "training.epochs": 3, "transforms.policy": "light"}
    TrialStudy(tmp_path, SPACE, 0)._study.enqueue_trial(values)  # and then it was killed
    study = TrialStudy(tmp_path, SPACE, 0)
    assert study.begun() == []
    assert study.begin(values).values == values
    assert study.begin().values != values
