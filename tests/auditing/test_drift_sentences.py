"""The sentence of a trait: its direction, its figures, and the typical images next to it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sketchfit.auditing.drift import TYPICAL, Drift, TraitDrift, measure_drift, trait_auc
from sketchfit.auditing.drift_sentences import drift_sentence
from sketchfit.auditing.traits import FLAGS, TRAIT_NAMES, traits_frame

Fill = Callable[[np.random.Generator, int], np.ndarray]
TRAIN, TEST = 120, 80


def drift_of(name: str, train: Fill, test: Fill) -> tuple[Drift, np.ndarray]:
    """Drift of rows that differ in one trait alone, and the values of that trait."""
    rng = np.random.default_rng(0)
    values = np.tile(rng.permutation(TRAIN + TEST)[:, None] % 2, (1, len(TRAIT_NAMES))).astype(np.float64)
    column = TRAIT_NAMES.index(name)
    values[:, column] = np.concatenate([train(rng, TRAIN), test(rng, TEST)])
    splits = ["train"] * TRAIN + ["test"] * TEST
    frame = traits_frame(values, range(TRAIN + TEST), splits, [str(row) for row in range(TRAIN + TEST)])
    return measure_drift(frame, np.arange(TRAIN + TEST)), values[:, column]


def around(value: float, spread: float) -> Fill:
    """Values whose quantiles are known: evenly spaced."""
    return lambda rng, count: rng.permutation(np.linspace(value - spread, value + spread, count))


def test_wider_lines_as_in_the_documentation() -> None:
    drift, values = drift_of("line_width", around(2.3, 0.5), around(4.1, 0.5))
    assert list(drift.typical) == ["line_width"]
    found = drift.traits["line_width"]
    assert found.separates
    assert found.auc == 1
    assert found.train[2] == pytest.approx(2.3)
    assert drift_sentence("line_width", found) == "test lines are wider: median 4.1 px against 2.3 px"
    rows = drift.typical["line_width"]
    assert len(rows.train) == len(rows.test) == TYPICAL
    assert max(rows.train) < TRAIN <= min(rows.test)
    assert values[list(rows.train)].max() < values[list(rows.test)].min()


@pytest.mark.parametrize("name", [name for name in TRAIT_NAMES if name not in FLAGS])
def test_direction_of_every_trait(name: str) -> None:
    up, down = (
        drift_sentence(name, drift_of(name, *pair)[0].traits[name])
        for pair in ((around(2, 1), around(3, 1)), (around(3, 1), around(2, 1)))
    )
    assert up != down
    assert "median" in up
    assert up.split(":")[0] != down.split(":")[0]
    assert " against " in down


@pytest.mark.parametrize("name", FLAGS)
def test_flags_have_shares(name: str) -> None:
    def share(count: float) -> Fill:
        return lambda _, rows: (np.arange(rows) < count * rows).astype(np.float64)

    drift, values = drift_of(name, share(0.25), share(0.75))
    found = drift.traits[name]
    assert found.auc == pytest.approx(0.75)  # 0.5 + (0.75 - 0.25) / 2
    text = drift_sentence(name, found)
    assert text.startswith("more ")
    assert text.endswith("75 % against 25 %")
    assert set(values[list(drift.typical[name].train)]) == {0.0}
    assert set(values[list(drift.typical[name].test)]) == {1.0}
    fewer = drift_of(name, share(0.75), share(0.25))[0].traits[name]
    assert drift_sentence(name, fewer).startswith("fewer ")


def test_equal_medians_show_means() -> None:
    drift, _ = drift_of(
        "drawings",
        lambda rng, rows: np.where(np.arange(rows) % 10 < 1, 3.0, 1.0),
        lambda rng, rows: np.where(np.arange(rows) % 10 < 4, 3.0, 1.0),
    )
    text = drift_sentence("drawings", drift.traits["drawings"])
    assert text == "test images have more separate drawings: mean 1.8 against 1.2"


def test_another_spread_is_no_shift() -> None:
    drift, values = drift_of("ink", around(0.1, 0.02), around(0.1, 0.08))
    found = drift.traits["ink"]
    assert found.separates
    assert not found.shifted
    assert drift_sentence("ink", found) == (
        "shares of ink vary more among test images: the middle half is 6 % to 14 % against 9 % to 11 %"
    )
    assert (np.abs(values[list(drift.typical["ink"].test)] - 0.1) > 0.02).all()
    assert (np.abs(values[list(drift.typical["ink"].train)] - 0.1) <= 0.02).all()


def test_a_small_difference_does_not_matter_and_an_insignificant_one_neither() -> None:
    base = dict.fromkeys(("auc_low", "auc_high"), 0.5) | {"train": (0.0,) * 4, "test": (0.0,) * 4, "p": 0.0}
    assert not TraitDrift(statistic=0.1, p_corrected=1e-9, auc=0.53, **base).separates
    assert TraitDrift(statistic=0.1, p_corrected=1e-9, auc=0.44, **base).separates
    assert TraitDrift(statistic=0.16, p_corrected=1e-9, auc=0.5, **base).separates
    assert not TraitDrift(statistic=0.9, p_corrected=0.06, auc=0.9, **base).separates


def test_no_drift_names_nothing() -> None:
    drift, _ = drift_of("ink", around(0.1, 0.02), around(0.1, 0.02))
    assert drift.typical == {}


@pytest.mark.parametrize("value", [np.nan, 7.0])
def test_a_missing_or_constant_trait_names_nothing(value: float) -> None:
    drift, _ = drift_of("jpeg_quality", *(lambda _, rows: np.full(rows, value),) * 2)
    assert drift.typical == {}
    assert ("jpeg_quality" in drift.traits) == np.isfinite(value)


def test_auc_counts_ties_half() -> None:
    assert trait_auc(np.array([1.0, 2.0]), np.array([2.0, 3.0])) == pytest.approx(3.5 / 4)
    first, second = np.random.default_rng(1).integers(0, 5, (2, 40)).astype(np.float64)
    pairs = (second[:, None] > first).mean() + (second[:, None] == first).mean() / 2
    assert trait_auc(first, second) == pytest.approx(pairs)
