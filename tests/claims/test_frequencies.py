"""Claims for test rows of other class frequencies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sketchfit.claims.claim import OutOfFold, make_claim
from sketchfit.claims.frequencies import ShiftedFrequencies
from sketchfit.claims.learning_curve import Slope
from sketchfit.claims.units_left import UnitsLeft
from sketchfit.runs.artefacts import EstimatedFrequencies

SLOPE = Slope(1.0, 0.2)


def estimated(**fields: Any) -> EstimatedFrequencies:
    return EstimatedFrequencies(
        **{
            "rows": 100,
            "training": (0.5, 0.5),
            "test": (0.8, 0.2),
            "low": (0.7, 0.1),
            "high": (0.9, 0.3),
            "p_value": 0.001,
            "differs": True,
            "setting": "auto",
            **fields,
        }
    )


@pytest.mark.parametrize("fields", [{"differs": False}, {"other_confidence": 0.1}])
def test_only_frequencies_that_differ_while_the_drawings_do_not_count(fields: dict[str, Any]) -> None:
    assert ShiftedFrequencies.of(estimated(**fields)) is None
    assert ShiftedFrequencies.of(None) is None


def test_weights_and_error_by_hand() -> None:
    found = ShiftedFrequencies.of(estimated())
    assert found is not None
    label, right = np.array([0, 0, 0, 1]), np.array([True, True, False, False])
    # Shares of rows are 3/4 and 1/4: ratios 0.8 / 3 and 0.2 per row, which sum to 1 over the four rows.
    np.testing.assert_allclose(found.weight(label), np.array([0.8 / 3, 0.8 / 3, 0.8 / 3, 0.2]) * 4)
    # Accuracies, with one row of the mean 0.5 each: 2.5 / 4 and 0.5 / 2; errors of both shares 0.2 / 3.92.
    assert found.error(right, label) == pytest.approx(0.2 / 3.92 * np.hypot(0.125, 0.25))


def test_a_class_without_validated_rows_has_no_weight() -> None:
    found = ShiftedFrequencies.of(estimated())
    assert found is not None
    np.testing.assert_allclose(found.weight(np.array([1, 1])), [1, 1])
    none = ShiftedFrequencies(np.array([1.0, 0.0]), np.zeros(2))
    np.testing.assert_allclose(none.weight(np.array([1, 1])), [1, 1])


def test_claims_for_other_frequencies_contain_the_truth_as_often_as_they_state() -> None:
    rng, classes, plain, weighted = np.random.default_rng(1), 20, 0, 0
    for _ in range(200):
        rate, share = rng.beta(3, 2, classes), rng.dirichlet(np.full(classes, 0.5))
        label = np.repeat(np.arange(classes), 25)
        right = rng.random(len(label)) < rate[label]
        truth = (rng.random(1000) < rate[rng.choice(classes, 1000, p=share)]).mean()
        frequencies = ShiftedFrequencies(share, np.full(classes, 0.005))
        test = np.full((5, classes), 20)
        before = UnitsLeft(np.full(len(label), 20.0), test, np.full(classes, 1 / classes))
        after = UnitsLeft(np.full(len(label), 20.0), test, share, frequencies.weight(label))
        certain = np.eye(2)[np.zeros(1000, dtype=np.int64)]  # the answer is one network
        of_rows = OutOfFold(right, label, None, before)
        as_now = OutOfFold(right, label, None, after, frequency_error=frequencies.error(right, label))
        for rows in (of_rows, as_now):
            found = make_claim(rows, SLOPE, certain, [certain]).expected
            inside = found.low <= truth <= found.high
            plain, weighted = plain + (inside and rows is of_rows), weighted + (inside and rows is as_now)
    assert weighted / 200 > 0.9
    assert plain / 200 < 0.8  # what would be claimed without the frequencies
