from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from sketchfit.inference import metrics
from sketchfit.inference.calibration import report_of
from sketchfit.reporting.run.figures import Resamples, ece, ece_by_noise, figures, macro_f1, resampled


def _case(rows: int = 300, classes: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    label = rng.integers(0, classes, rows)
    logits = rng.normal(size=(rows, classes)) + 1.5 * np.eye(classes)[label]
    prob = np.exp(logits)
    return (prob / prob.sum(1, keepdims=True)).astype(np.float32), label


def test_weighted_macro_f1_is_that_of_repeated_rows() -> None:
    prob, label = _case()
    seen: list[tuple[np.ndarray, float]] = []

    def spy(weight: np.ndarray) -> float:
        answer = prob.argmax(1)
        right = answer == label
        hits = np.bincount(label[right], weight[right], 5)
        total = np.bincount(label, weight, 5) + np.bincount(answer, weight, 5)
        seen.append((weight, float((2 * hits[total > 0] / total[total > 0]).mean())))
        return seen[-1][1]

    resampled(spy, 0.5, Resamples(len(label), repeats=20))
    for weight, value in seen:
        rows = np.repeat(np.arange(len(label)), weight.astype(int))
        assert value == pytest.approx(f1_score(label[rows], prob.argmax(1)[rows], average="macro"))


def test_macro_f1_has_sklearns_value_inside_its_interval() -> None:
    prob, label = _case()
    estimate = macro_f1(prob, label, Resamples(len(label), repeats=200))
    assert estimate.value == pytest.approx(f1_score(label, prob.argmax(1), average="macro"))
    assert estimate.low < estimate.value < estimate.high


def test_families_are_sampled_together() -> None:
    group = np.repeat(np.arange(10), 7)
    for weight in Resamples(70, group, 30).weights():
        by_group = weight.reshape(10, 7)
        assert (by_group == by_group[:, :1]).all()
        assert by_group[:, 0].sum() == 10


def test_copies_widen_every_interval() -> None:
    prob, label = _case(100)
    copied, labels, group = np.repeat(prob, 5, 0), np.repeat(label, 5), np.repeat(np.arange(100), 5)
    alone, together = figures(copied, labels, None, 200), figures(copied, labels, group, 200)
    for name in ("top1", "macro_f1", "log_loss"):
        a, b = getattr(alone, name), getattr(together, name)
        assert b.value == pytest.approx(a.value)
        assert b.high - b.low > 1.5 * (a.high - a.low), name


def test_ece_interval_of_calibrated_probabilities_covers_its_value() -> None:
    rng = np.random.default_rng(1)
    confidence = rng.uniform(0.5, 1, 2000)
    prob = np.stack([confidence, 1 - confidence], 1).astype(np.float32)
    label = (rng.random(2000) > confidence).astype(np.int64)
    estimate = ece(prob, label, Resamples(len(label), repeats=300))
    # The same figure as in the sentence on calibration, which a page shows next to it.
    assert estimate.value == pytest.approx(report_of(prob, prob, prob, label).ece_after)
    assert estimate.low <= estimate.value <= estimate.high
    assert estimate.low < 0.02  # without moving the interval, noise alone would keep it away from 0


def test_macro_f1_of_few_drawings_per_class_is_well_inside_its_interval() -> None:
    rng = np.random.default_rng(0)
    label = np.repeat(np.arange(100), 4)
    answer = np.where(rng.random(len(label)) < 0.5, label, rng.integers(0, 100, len(label)))
    estimate = macro_f1(np.eye(100, dtype=np.float32)[answer], label, Resamples(len(label), repeats=300))
    below, above = estimate.value - estimate.low, estimate.high - estimate.value
    assert 0.5 < below / above < 2


def _of_confidence(rows: int, seed: int, shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Two classes; the first is right with the probability of the confidence, less `shift`."""
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.5, 1, rows)
    prob = np.stack([confidence, 1 - confidence], 1).astype(np.float32)
    return prob, (rng.random(rows) > confidence - shift).astype(np.int64)


@pytest.mark.parametrize("rows", [40, 150, 2000])
def test_the_ece_interval_of_perfectly_calibrated_runs_reaches_0(rows: int) -> None:
    reached = 0
    for seed in range(100):
        prob, label = _of_confidence(rows, seed)
        resamples = Resamples(rows, repeats=20)
        estimate = ece(prob, label, resamples)
        assert estimate.low <= estimate.value <= estimate.high
        assert (estimate.low == 0) or estimate.value > ece_by_noise(prob, label, resamples)
        reached += estimate.low == 0
    assert reached >= 89  # 95 are expected


def test_the_ece_interval_of_copies_of_a_perfectly_calibrated_run_reaches_0() -> None:
    reached = 0
    for seed in range(100):
        prob, label = _of_confidence(60, seed)
        copied = Resamples(300, np.repeat(np.arange(60), 5), repeats=20)
        reached += ece(np.repeat(prob, 5, 0), np.repeat(label, 5), copied).low == 0
    assert reached >= 89


@pytest.mark.parametrize("rows", [150, 2000])
def test_the_ece_interval_of_an_overconfident_run_does_not(rows: int) -> None:
    prob, label = _of_confidence(rows, 0, shift=0.3)
    estimate = ece(prob, label, Resamples(rows, repeats=50))
    assert 0 < estimate.low < 0.3 < estimate.high + 0.02


def test_noise_alone_gives_a_perfectly_calibrated_run_its_ece() -> None:
    below = []
    for seed in range(200):
        prob, label = _of_confidence(150, seed)
        below.append(metrics.ece(prob, label, by="mass") <= ece_by_noise(prob, label, Resamples(150)))
    assert 0.88 < np.mean(below) < 0.99
    certain = np.eye(2, dtype=np.float32)[label]
    assert ece_by_noise(certain, label, Resamples(150)) == 0
