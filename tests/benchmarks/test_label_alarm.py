"""The study plants the share of errors that it states, and finds them where heads are accurate."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.class_frequencies import Drawings
from benchmarks.label_alarm import KINDS, Outcome, held_out, line, plant, study


@pytest.fixture(scope="module")
def drawings() -> Drawings:
    rng = np.random.default_rng(0)
    label = rng.integers(0, 8, 600)
    clear = rng.uniform(0.3, 2.0, (600, 1))  # some drawings are harder than others
    values = clear * rng.normal(size=(8, 32))[label] + rng.normal(size=(600, 32))
    return Drawings(values.astype(np.float32), label, np.arange(600))


@pytest.mark.parametrize("kind", KINDS)
def test_the_stated_share_is_changed(drawings: Drawings, kind: str) -> None:
    clean, _ = held_out(drawings, drawings.label, 0)
    label, changed = plant(drawings, clean, 0.05, kind, 0)
    assert changed.sum() == 30
    assert ((label != drawings.label) == changed).all()


def test_planted_errors_are_reported_and_right_labels_are_not(drawings: Drawings) -> None:
    assert study(drawings, 0.0, "even", 0).reported == 0
    found = study(drawings, 0.1, "even", 0)
    assert found.changed == 60
    assert found.both > 0.7 * found.reported > 0


def test_a_line_weights_seeds_by_their_reports() -> None:
    text = line("d", 0.1, "even", [Outcome(0.9, 10, 20, 9, 0.8), Outcome(0.7, 0, 20, 0, 0.4)])
    assert text == "| d | 10%, even | 80.0% | 1 of 2 | 5.0 | 80% | 90% | 22% |"
