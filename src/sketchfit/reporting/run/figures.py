"""Headline figures of a set of probabilities, each with a 95 % interval from a bootstrap by near-duplicate group.

Top-1 and top-5 are proportions and use Wilson's interval on the effective sample size (`inference.intervals`); the
others are resampled: whole groups are drawn with replacement, and each row counts as often as its group was drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.inference import metrics
from sketchfit.inference.intervals import Estimate, accuracy, bootstrap

Weights = NDArray[np.float64]


@dataclass(frozen=True)
class Figures:
    """Figures of one set of probabilities.

    Attributes:
        top1, top5, macro_f1, ece: 0 … 1 (ECE by 15 bins of equal width).
        log_loss: nats.
    """

    top1: Estimate
    top5: Estimate
    macro_f1: Estimate
    log_loss: Estimate
    ece: Estimate


def figures(
    prob: NDArray[np.float32], label: NDArray[np.int64], group: NDArray[np.int64] | None, repeats: int = 1000
) -> Figures:
    """All headline figures.

    Args:
        prob: float [N, C].
        label: int64 [N].
        group: int64 [N], a number a family of near-duplicates; None: rows are independent.
        repeats: resamples.
    """
    return Figures(
        top1=accuracy(metrics.top_k_correct(prob, label), group),
        top5=accuracy(metrics.top_k_correct(prob, label, min(5, prob.shape[1])), group),
        macro_f1=macro_f1(prob, label, group, repeats),
        log_loss=bootstrap(metrics.row_log_loss(prob, label), group, repeats=repeats),
        ece=ece(prob, label, group, repeats),
    )


def macro_f1(
    prob: NDArray[np.float32], label: NDArray[np.int64], group: NDArray[np.int64] | None, repeats: int = 1000
) -> Estimate:
    """Macro F1 with its interval; classes that neither occur nor are predicted in a resample are left out of it.

    With few drawings a class a resample's figure is too small on average (it holds fewer different ones), so the
    interval is moved by that shortfall.
    """
    answer, classes = prob.argmax(axis=1), prob.shape[1]
    right = answer == label

    def figure(weight: Weights) -> float:
        hits = np.bincount(label[right], weight[right], classes)
        total = np.bincount(label, weight, classes) + np.bincount(answer, weight, classes)
        return float((2 * hits[total > 0] / total[total > 0]).mean())

    return resampled(figure, metrics.macro_f1(prob, label), len(label), group, repeats, unbias=True)


def ece(
    prob: NDArray[np.float32], label: NDArray[np.int64], group: NDArray[np.int64] | None, repeats: int = 1000
) -> Estimate:
    """ECE with its interval. A resample's ECE is too large on average (noise adds up in absolute values), so the
    interval is moved by that excess."""
    confidence = prob.max(axis=1).astype(np.float64)
    gap = (prob.argmax(axis=1) == label) - confidence
    place = metrics.bin_of(confidence, 15, "width")

    def figure(weight: Weights) -> float:
        return float(np.abs(np.bincount(place, weight * gap, 15)).sum() / weight.sum())

    return resampled(figure, metrics.ece(prob, label), len(label), group, repeats, unbias=True)


def resampled(
    figure: Callable[[Weights], float],
    value: float,
    rows: int,
    group: NDArray[np.int64] | None,
    repeats: int,
    *,
    unbias: bool = False,
    seed: int = 0,
) -> Estimate:
    """Percentile bootstrap interval (Efron 1979) of any figure of weighted rows, by group.

    Args:
        figure: of weights float64 [rows] (how often each row was drawn).
        value: the figure itself.
        group: int64 [rows] or None.
        repeats: resamples.
        unbias: move the interval by the mean difference between resamples and `value`; for figures in 0 … 1.
        seed: the resamples are a pure function of it.
    """
    _, family = np.unique(np.arange(rows) if group is None else group, return_inverse=True)
    families = int(family.max()) + 1
    rng = np.random.Generator(np.random.Philox(key=seed))
    drawn = [
        figure(np.bincount(rng.integers(0, families, families), minlength=families)[family].astype(np.float64))
        for _ in range(repeats)
    ]
    low, high = np.quantile(drawn, [0.025, 0.975])
    shift = float(np.mean(drawn)) - value if unbias else 0.0
    low, high = low - shift, min(high - shift, 1.0) if unbias else high
    return Estimate(value, min(max(float(low), 0.0), value), max(float(high), value), rows)
