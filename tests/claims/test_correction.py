"""The correction of the accuracy by thresholds."""

from dataclasses import replace

import numpy as np
import pytest

from sketchfit.claims.correction import OF_OTHERS, OF_PICTURES, Correction, SimulatedShift, features
from sketchfit.claims.signals import FoldsReference, Signals, UnitReference, odds
from sketchfit.claims.thresholds import Threshold

EVEN = np.full((1, 400), 1 / 400)
UNIT = UnitReference(0.5, 0.5, Threshold(0.0, 1.0), Threshold(0.0, 1.0))
REFERENCE = FoldsReference(1.0, (UNIT,), 0.1, EVEN)


def signals(
    by_confidence: float = 0.5,
    by_entropy: float | None = None,
    collision: float = 0.1,
    frequencies: np.ndarray = EVEN,
) -> Signals:
    by_entropy = by_confidence if by_entropy is None else by_entropy
    return Signals(by_confidence, by_entropy, by_confidence, collision, frequencies)


UNCHANGED = SimulatedShift("", "unchanged", signals(), 0.5)
RISING = np.arange(1, 401)[None] / 80200
TO_FIRST = EVEN * np.where(np.arange(400) < 100, 2.5, 0.5)
TO_LAST = TO_FIRST[:, ::-1]


def shift(accuracy: float, frequencies: np.ndarray = TO_FIRST, by_confidence: float = 0.2) -> SimulatedShift:
    return SimulatedShift("kind", "name", signals(by_confidence, frequencies=frequencies), accuracy)


def test_features_are_zero_where_nothing_changed() -> None:
    assert features(REFERENCE, signals()) == pytest.approx([0, 0, 0])


def test_features_are_differences_of_log_odds_and_the_log_of_the_concentration() -> None:
    found = features(REFERENCE, signals(by_confidence=0.2, by_entropy=0.1, collision=0.2))
    assert found == pytest.approx([np.log(4 / 9), np.log(1 / 4), np.log(2)])


def test_answers_that_are_less_concentrated_than_before_count_as_unchanged() -> None:
    assert features(REFERENCE, signals(0.2, collision=0.02))[2] == 0


def test_other_class_frequencies_without_a_fall_of_confidence_count_as_unchanged() -> None:
    assert features(REFERENCE, signals(0.5, collision=0.3))[2] == 0
    assert features(REFERENCE, signals(0.6, collision=0.3))[2] == 0
    assert features(REFERENCE, signals(0.45, collision=0.9))[2] == pytest.approx(np.log(0.55 / 0.45))


def test_without_simulated_shifts_the_usual_weights_apply() -> None:
    found = Correction(REFERENCE).accuracy(signals(0.2, 0.1, collision=0.2))
    log_odds = np.log(1 / 4) + np.array(OF_OTHERS) @ [np.log(4 / 9), np.log(1 / 4), np.log(2)]
    assert odds(found) == pytest.approx(log_odds)


def test_accuracy_falls_more_than_confidence_where_no_shift_is_resembled() -> None:
    correction = Correction.of(REFERENCE, [UNCHANGED, shift(0.3)])
    assert odds(correction.accuracy(signals(0.2))) == pytest.approx((1 + OF_OTHERS[1]) * np.log(1 / 4))
    assert correction.accuracy(signals(0.5)) == pytest.approx(0.5)
    assert correction.accuracy(signals(0.2, frequencies=TO_FIRST)) > 0.22


def test_shifts_without_their_unchanged_rows_are_not_used() -> None:
    assert Correction.of(REFERENCE, [shift(0.05)]) == Correction(REFERENCE)


def test_the_similarity_is_the_cosine_of_the_changes_of_class_frequencies() -> None:
    correction = Correction.of(REFERENCE, [UNCHANGED, shift(0.1, TO_FIRST), shift(0.1, TO_LAST)])
    assert correction.similarity(signals(frequencies=TO_FIRST)) == pytest.approx([1, 0])
    assert correction.similarity(signals()) == pytest.approx([0, 0])
    away = [np.sqrt(one) - np.sqrt(EVEN) for one in (RISING, TO_LAST)]
    cosine = (away[0] * away[1]).sum() / np.sqrt((away[0] ** 2).sum() * (away[1] ** 2).sum())
    assert correction.similarity(signals(frequencies=RISING)) == pytest.approx([0, cosine])


def test_the_usual_weights_of_pictures_apply_where_a_shift_is_resembled() -> None:
    correction = Correction.of(REFERENCE, [UNCHANGED, shift(0.5, by_confidence=0.5)])
    assert correction.weights(signals(0.2, frequencies=TO_FIRST)) == pytest.approx(OF_PICTURES)
    assert correction.weights(signals(0.2, frequencies=TO_LAST)) == pytest.approx(OF_OTHERS)


def test_a_shift_that_resembles_a_simulated_one_is_corrected_as_that() -> None:
    low = Correction.of(REFERENCE, [UNCHANGED] + [shift(0.05)] * 20)
    high = Correction.of(REFERENCE, [UNCHANGED] + [shift(0.35)] * 20)
    alike = signals(0.2, frequencies=TO_FIRST)
    assert low.accuracy(alike) == pytest.approx(0.05, abs=0.01)
    assert high.accuracy(alike) == pytest.approx(0.35, abs=0.01)


def test_a_shift_that_resembles_none_is_corrected_as_usual() -> None:
    correction, other = Correction.of(REFERENCE, [UNCHANGED, shift(0.05)]), signals(0.2, frequencies=TO_LAST)
    assert correction.accuracy(other) == pytest.approx(Correction(REFERENCE).accuracy(other))


def test_what_unchanged_rows_miss_is_no_effect_of_a_shift() -> None:
    lucky = SimulatedShift("", "unchanged", signals(), 0.6)
    log_odds = odds(0.2) + odds(0.6)  # the shift misses as much as the unchanged rows do
    correction = Correction.of(REFERENCE, [lucky] + [shift(1 / (1 + np.exp(-log_odds)))] * 50)
    assert correction.accuracy(signals(0.2, frequencies=TO_FIRST)) == pytest.approx(0.2, abs=0.005)


def test_the_error_grows_with_the_change() -> None:
    correction = Correction(REFERENCE)
    errors = [correction.error(signals(value)) for value in (0.5, 0.4, 0.2, 0.1)]
    assert errors == sorted(errors)
    assert errors[0] < 0.5 * errors[-1]


def test_a_change_is_less_certain_where_few_rows_were_changed() -> None:
    shifted, errors = signals(0.2, 0.1), []
    for rows in (None, 300, 100, 60, 30):
        known = replace(UNCHANGED, rows=rows)
        errors.append(Correction(REFERENCE, known, (shift(0.2),)).error(shifted))
    assert errors[0] == errors[1] == errors[2] < errors[3] < errors[4]
