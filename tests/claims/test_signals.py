"""What probabilities without labels show, against a reference with labels."""

import numpy as np
import pytest

from sketchfit.claims.signals import FoldsReference, UnitReference, odds
from sketchfit.claims.thresholds import Threshold
from sketchfit.claims.unit import Answers, FoldUnit
from tests.claims.worlds import World


def test_the_reference_rows_give_their_own_accuracy() -> None:
    answers, _ = World().answers(seed=2)
    reference = FoldsReference.of(answers)
    signals = reference.signals([unit.oof for unit in answers.units])
    assert reference.accuracy == pytest.approx(answers.right.mean())
    assert signals.by_confidence == pytest.approx(reference.accuracy)
    assert signals.by_entropy == pytest.approx(reference.accuracy)
    assert signals.by_difference == pytest.approx(reference.accuracy)
    assert signals.collision == pytest.approx(reference.collision, rel=0.05)


@pytest.mark.parametrize("noisier", [False, True])
def test_signals_follow_the_accuracy_of_the_test_rows(noisier: bool) -> None:
    answers, label = World().answers(seed=3, rows=2000, test=3000)
    # Networks whose calibration holds, and which know less of each row: half of the rows get a flat answer.
    blank = np.arange(3000) % 2 == 0 if noisier else np.zeros(3000, bool)
    tests = [np.where(blank[:, None], np.full(10, 0.1) + 0.01 * (unit.test - 0.1), unit.test) for unit in answers.units]
    wrong = np.where(blank, (label + 1) % 10, label)
    truth = np.mean([(unit.test.argmax(axis=1) == wrong).mean() for unit in answers.units])
    signals = FoldsReference.of(answers).signals(tests)
    assert signals.by_confidence == pytest.approx(truth, abs=0.06 if noisier else 0.03)
    assert signals.by_entropy == pytest.approx(truth, abs=0.06 if noisier else 0.03)


def test_passed_has_the_mean_of_the_estimate_by_confidence() -> None:
    answers, _ = World().answers(seed=4)
    reference, tests = FoldsReference.of(answers), [unit.test for unit in answers.units]
    assert reference.passed(tests).mean() == pytest.approx(reference.signals(tests).by_confidence)


def perfect(label: list[int], test: list[int], classes: int) -> Answers:
    sharp = 0.98 * np.eye(classes) + 0.02 / classes
    unit = FoldUnit(np.arange(len(label)), np.array(label), sharp[label], sharp[test])
    return Answers((unit,), sharp[test])


def test_rows_of_a_fold_with_equal_classes_count_as_rows_sampled_independently() -> None:
    # Two rows of each of three classes, all right: two rows sampled independently have the same class in 1 of 3 cases.
    reference = FoldsReference.of(perfect([0, 0, 1, 1, 2, 2], [0, 1, 2], 3))
    assert reference.collision == pytest.approx(1 / 3)


def test_collision_is_the_share_of_pairs_with_the_same_class() -> None:
    answers = perfect([0, 0, 1, 1], [0, 0, 0, 1], 2)
    signals = FoldsReference.of(answers).signals([unit.test for unit in answers.units])
    assert signals.collision == pytest.approx(3 / 6)


def test_odds_are_finite_at_the_ends_and_odd() -> None:
    assert np.isfinite([odds(0.0), odds(1.0)]).all()
    assert odds(0.8) == pytest.approx(np.log(4))
    assert odds(0.3) == pytest.approx(-odds(0.7))


def test_the_difference_of_confidences_adds_the_change_and_stays_within_0_and_1() -> None:
    never = Threshold(np.inf, 0.0)
    prob = np.array([[0.6, 0.4], [0.7, 0.3]])  # mean confidence 0.65
    for accuracy, confidence, expected in ((0.5, 0.8, 0.35), (0.1, 0.9, 0.0), (0.9, 0.5, 1.0)):
        units = (UnitReference(accuracy, confidence, never, never),)
        found = FoldsReference(1.0, units, 0.5, np.full((1, 2), 0.5)).signals([prob])
        assert found.by_difference == pytest.approx(expected)
