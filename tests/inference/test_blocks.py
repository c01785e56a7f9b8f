"""Probabilities in parts give the same values, and take no copy of all of them in float64."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from sketchfit.inference import blocks, calibration, diversity, metrics, view_selection
from sketchfit.inference.blocks import by_blocks, row_blocks, sampled_rows
from sketchfit.inference.ensembling.rule import Rule

ROWS, CLASSES = 203, 7


@pytest.fixture
def prob():
    found = np.random.default_rng(0).dirichlet(np.ones(CLASSES), ROWS).astype(np.float32)
    found[::9] = np.round(found[::9], 1)  # ties
    return found / found.sum(axis=1, keepdims=True)


@pytest.fixture
def label():
    return np.random.default_rng(1).integers(0, CLASSES, ROWS)


@pytest.fixture
def in_parts(monkeypatch):
    return lambda most=CLASSES * 10: monkeypatch.setattr(blocks, "MOST_VALUES", most)


def test_blocks_cover_each_row_once():
    for rows, columns in ((0, 3), (1, 3), (10, 3), (10, 10**9)):
        covered = [row for part in row_blocks(rows, columns) for row in range(rows)[part]]
        assert covered == list(range(rows))


def test_an_array_is_filled_in_parts(in_parts):
    in_parts(10)
    parts = []
    found = by_blocks(lambda part: parts.append(part) or np.arange(25)[part] ** 2, (25,), 4, np.int64)
    assert (found == np.arange(25) ** 2).all()
    assert len(parts) == 13


def test_a_sample_is_in_order_and_of_the_wanted_size(in_parts):
    rows = np.arange(1000, 2000)
    assert sampled_rows(rows, 10) is rows
    in_parts()
    chosen = sampled_rows(rows, 10, most=3000)
    assert len(chosen) == 300
    assert (np.diff(chosen) > 0).all()
    assert np.isin(chosen, rows).all()
    assert (sampled_rows(rows, 10, most=3000) == chosen).all()
    assert len(sampled_rows(rows, 10**6)) == 1


def results(prob, label):
    fold, second = np.arange(ROWS) % 5, np.roll(prob, 1, axis=1)
    views = {"identity": prob, "hflip": second}
    rule = Rule(np.array([0.7, 0.3]))
    chosen = view_selection.select_views(views, label)
    found = diversity.diversity({"first": prob, "second": second}, label)
    return [
        metrics.ranks(prob, label),
        calibration.Temperature(1.7).apply(prob),
        calibration.VectorScaling(np.linspace(0.5, 2, CLASSES), np.linspace(-1, 1, CLASSES)).apply(prob),
        view_selection.cross_fit(views, label, fold),
        rule.predict([prob, second]),
        rule.right([prob, second], label),
        np.array([[one.value, one.low, one.high] for one in (*found.worth, chosen.gains[0].beside_base)]),
    ]


def test_parts_give_the_values_of_all_rows_at_once(prob, label, in_parts):
    at_once = results(prob, label)
    in_parts()
    for one, other in zip(at_once, results(prob, label), strict=True):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)


def test_the_combination_is_rounded_once(prob):
    second = np.roll(prob, 1, axis=1)
    rule = Rule(np.array([0.7, 0.3]))
    assert np.array_equal(rule.predict([prob, second]), rule.combine([prob, second]).astype(np.float32))


def test_a_temperature_is_fitted_on_a_sample_of_many_rows(in_parts):
    rng = np.random.default_rng(2)
    true = rng.dirichlet(np.full(CLASSES, 0.3), 20_000)
    label = (true.cumsum(axis=1) > rng.random((20_000, 1))).argmax(axis=1)
    sharp = calibration.Temperature(0.5).apply(true)
    in_parts(CLASSES * 5_000)
    assert calibration.fit_temperature(sharp, label).value == pytest.approx(2, rel=0.05)


def test_nan_is_found_in_the_last_part(prob, label, in_parts):
    in_parts()
    prob[-1, -1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        metrics.log_loss(prob, label)


@pytest.mark.parametrize(
    ("compute", "result"),
    [
        (metrics.ranks, 8 / CLASSES),
        (lambda prob, _: calibration.Temperature(2.0).apply(prob), 4),
        (lambda prob, _: Rule(np.array([0.5, 0.5])).predict([prob, prob]), 4),
    ],
)
def test_no_copy_of_all_probabilities_is_made(prob, label, in_parts, compute, result):
    many, labels = np.tile(prob, (500, 1)), np.tile(label, 500)
    in_parts(1 << 12)
    tracemalloc.start()
    compute(many, labels)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < result * many.size + (1 << 20) < 8 * many.size  # a copy in float64 has 8 bytes per value
