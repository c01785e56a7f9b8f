"""The alarm finds planted errors with the precision that it states, and is silent on labels that are right."""

from __future__ import annotations

import numpy as np
import pytest

from sketchfit.inference import label_alarm
from sketchfit.inference.folding import estimation_folds
from sketchfit.inference.label_alarm import LabelAlarm, raise_alarm
from tests.inference.label_data import PlantedLabels, planted


def _alarm(data: PlantedLabels) -> LabelAlarm:
    return raise_alarm(data.prob, data.label, data.group, data.fold)


@pytest.mark.parametrize("share", [0.02, 0.05, 0.1])
def test_planted_errors_are_reported_with_at_least_the_stated_precision(share: float) -> None:
    reported, wrong, stated = 0, 0, 0.0
    for seed in range(3):
        data = planted(1500, share=share, strength=8, seed=seed)
        alarm = _alarm(data)
        assert len(alarm.places)
        reported += len(alarm.places)
        wrong += int(data.wrong[alarm.places].sum())
        stated += alarm.precision * len(alarm.places)
    assert wrong / reported > 0.75
    assert wrong >= stated - 2 * np.sqrt(reported) / 2


@pytest.mark.parametrize("classes", [2, 3, 40])
@pytest.mark.parametrize("strength", [0.5, 4.0, 8.0])
def test_labels_that_are_right_raise_no_alarm(classes: int, strength: float) -> None:
    for seed in range(2):
        assert not len(_alarm(planted(600, classes, 0.0, strength, seed)).places)


def test_the_most_probably_wrong_labels_come_first() -> None:
    alarm = _alarm(planted(share=0.1, strength=8))
    probability = alarm.probability[alarm.places]
    assert (np.diff(probability) <= 0).all()
    assert probability.min() >= 0.5
    assert alarm.precision <= probability.mean()


def test_the_share_of_changed_labels_that_is_found_is_that_of_planted_ones() -> None:
    data = planted(4000, share=0.1, strength=8)
    alarm = _alarm(data)
    found = data.wrong[alarm.places].sum() / data.wrong.sum()
    assert alarm.found == pytest.approx(found, abs=0.12)


def test_an_alarm_with_too_low_a_precision_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    data = planted(share=0.1, strength=8)
    spoken = _alarm(data)
    monkeypatch.setattr(label_alarm, "LEAST_PRECISION", spoken.precision + 1e-6)
    silent = _alarm(data)
    assert not len(silent.places)
    assert silent.precision == spoken.precision
    assert silent.silenced == len(spoken.places)


@pytest.mark.parametrize("fold", [0, 3])
def test_runs_of_one_fold_are_cross_fitted_by_family(fold: int) -> None:
    data = planted(share=0.1, strength=8)
    alarm = raise_alarm(data.prob, data.label, data.group, np.full(len(data.label), fold))
    assert data.wrong[alarm.places].mean() > 0.75


@pytest.mark.parametrize("rows", [0, 1, 2, 29])
def test_few_rows_raise_no_alarm(rows: int) -> None:
    data = planted(rows, 4, 0.5)
    assert not len(_alarm(data).places)
    assert not _alarm(data).examined


def test_networks_that_disagree_with_most_labels_raise_no_alarm() -> None:
    data = planted(1500, share=0.6, strength=14)
    assert (data.prob.argmax(axis=1) == data.label).mean() < 0.5
    assert not len(_alarm(data).places)


def test_one_family_or_one_class_raises_no_alarm() -> None:
    data = planted(20)
    none = np.zeros(20, dtype=int)
    assert not len(raise_alarm(data.prob, data.label, none, data.fold).places)
    assert not len(raise_alarm(np.ones((20, 1), np.float32), none, data.group, data.fold).places)


@pytest.mark.parametrize("folds", [1, 2])
@pytest.mark.parametrize("groups", [3, 7, 13, 200])
def test_runs_of_few_folds_are_cross_fitted_by_group(folds: int, groups: int) -> None:
    data = planted(share=0.1, strength=8)
    group = np.random.default_rng(0).integers(0, groups, len(data.label))
    fold = group % folds
    alarm = raise_alarm(data.prob, data.label, data.group, fold, group)
    # Where each part is a fold, nothing is divided.
    expected = raise_alarm(data.prob, data.label, data.group, estimation_folds(fold, group))
    np.testing.assert_array_equal(alarm.probability, expected.probability)
    assert alarm.places.tolist() == expected.places.tolist()
    assert data.wrong[alarm.places].mean() > 0.75


def test_related_rows_change_nothing_where_there_are_enough_folds() -> None:
    data = planted(share=0.1, strength=8)
    alarm = raise_alarm(data.prob, data.label, data.group, data.fold, data.fold)
    np.testing.assert_array_equal(alarm.probability, _alarm(data).probability)


def test_one_group_is_divided_by_family() -> None:
    data = planted(share=0.1, strength=8)
    zeros = np.zeros(len(data.label), dtype=int)
    alarm = raise_alarm(data.prob, data.label, data.group, zeros, zeros)
    np.testing.assert_array_equal(alarm.probability, raise_alarm(data.prob, data.label, data.group, zeros).probability)
