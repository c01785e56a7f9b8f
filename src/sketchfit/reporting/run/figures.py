"""Headline figures of a set of probabilities, each with a 95 % interval over groups of related rows.

Top-1 and top-5 are proportions and use Wilson's interval on the effective sample size (`inference.intervals`). The
others are resampled: families are sampled with replacement, and each row counts as often as its family was sampled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sketchfit.inference import metrics
from sketchfit.inference.intervals import Estimate, accuracy, bootstrap
from sketchfit.runs.proportions import effective_rows

Weights = NDArray[np.float64]


@dataclass(frozen=True)
class Figures:
    """Figures of one set of probabilities.

    Attributes:
        top1, top5, macro_f1, ece: 0 … 1 (ECE by 15 bins of equal mass, as that of the calibration).
        log_loss: nats.
        ece_by_noise: ECE that a perfectly calibrated run of as many rows exceeds in 5 of 100 cases, 0 … 1.
    """

    top1: Estimate
    top5: Estimate
    macro_f1: Estimate
    log_loss: Estimate
    ece: Estimate
    ece_by_noise: float


@dataclass(frozen=True)
class Resamples:
    """Resamples of the rows by family, a pure function of the fields.

    Attributes:
        rows: number of rows.
        group: int64 [rows], related rows share a number; None: rows are independent.
        repeats: number of resamples.
        seed: of the generator.
    """

    rows: int
    group: NDArray[np.int64] | None = None
    repeats: int = 1000
    seed: int = 0

    def weights(self) -> Iterator[Weights]:
        """Yield float64 [rows] per resample: how often each row was sampled."""
        _, family = np.unique(np.arange(self.rows) if self.group is None else self.group, return_inverse=True)
        families = int(family.max()) + 1
        rng = np.random.Generator(np.random.Philox(key=self.seed))
        for _ in range(self.repeats):
            yield np.bincount(rng.integers(0, families, families), minlength=families)[family].astype(np.float64)


def figures(
    prob: NDArray[np.float32], label: NDArray[np.int64], group: NDArray[np.int64] | None, repeats: int = 1000
) -> Figures:
    """Compute all headline figures.

    Args:
        prob: float [N, C].
        label: int64 [N].
        group: int64 [N], related rows share a number; None: rows are independent.
        repeats: number of resamples.
    """
    resamples = Resamples(len(label), group, repeats)
    return Figures(
        top1=accuracy(metrics.top_k_correct(prob, label), group),
        top5=accuracy(metrics.top_k_correct(prob, label, min(5, prob.shape[1])), group),
        macro_f1=macro_f1(prob, label, resamples),
        log_loss=bootstrap(metrics.row_log_loss(prob, label), group, repeats=repeats),
        ece=ece(prob, label, resamples),
        ece_by_noise=ece_by_noise(prob, label, resamples),
    )


def macro_f1(prob: NDArray[np.float32], label: NDArray[np.int64], resamples: Resamples) -> Estimate:
    """Compute macro F1 with its interval; classes that neither occur nor are predicted in a resample are left out.

    With few drawings per class the F1 of a resample is too small on average, since it holds fewer different drawings.
    The interval is moved by that bias.
    """
    answer, classes = prob.argmax(axis=1), prob.shape[1]
    right = answer == label

    def figure(weight: Weights) -> float:
        hits = np.bincount(label[right], weight[right], classes)
        total = np.bincount(label, weight, classes) + np.bincount(answer, weight, classes)
        return float((2 * hits[total > 0] / total[total > 0]).mean())

    return resampled(figure, metrics.macro_f1(prob, label), resamples)


def ece(prob: NDArray[np.float32], label: NDArray[np.int64], resamples: Resamples) -> Estimate:
    """Compute ECE with its interval.

    The ECE of a resample is too large on average, since noise adds up in absolute values. The interval is moved by
    that bias. The figure itself has it too: as noise changes it by at most the ECE of the noise (triangle inequality),
    the lower end is at most the figure less `ece_by_noise`. It is 0 where a perfectly calibrated run may have that ECE.
    """
    confidence = prob.max(axis=1).astype(np.float64)
    gap = (prob.argmax(axis=1) == label) - confidence
    place = metrics.bin_of(confidence, 15, "mass")

    def figure(weight: Weights) -> float:
        return float(np.abs(np.bincount(place, weight * gap, 15)).sum() / weight.sum())

    found = resampled(figure, metrics.ece(prob, label, by="mass"), resamples)
    lowest = max(found.value - ece_by_noise(prob, label, resamples), 0.0)
    return replace(found, low=min(found.low, lowest))


def ece_by_noise(prob: NDArray[np.float32], label: NDArray[np.int64], resamples: Resamples) -> float:
    """Return the ECE that a perfectly calibrated run of the same confidences exceeds in 5 of 100 cases.

    The number of right answers of a bin then has the variance Σ confidence (1 - confidence), and is approximately
    normal. Related rows count as the independent ones that they are worth.
    """
    rows, group = len(label), resamples.group
    confidence = prob.max(axis=1).astype(np.float64)
    place = metrics.bin_of(confidence, 15, "mass")
    error = np.sqrt(np.bincount(place, np.maximum(confidence * (1 - confidence), 0.0), 15))
    rng = np.random.Generator(np.random.Philox(key=resamples.seed))
    sampled = np.abs(rng.normal(size=(1000, 15))) @ error / rows
    worth = rows if group is None else effective_rows(prob.argmax(axis=1) == label, group)
    return min(float(np.quantile(sampled, 0.95)) * float(np.sqrt(rows / worth)), 1.0)


def resampled(figure: Callable[[Weights], float], value: float, resamples: Resamples) -> Estimate:
    """Compute the percentile bootstrap interval (Efron 1979) of a figure in 0 … 1, less its bias.

    Args:
        figure: of weights float64 [rows].
        value: the figure of the rows themselves.
        resamples: of the rows.
    """
    sampled = [figure(weight) for weight in resamples.weights()]
    low, high = np.quantile(sampled, [0.025, 0.975])
    bias = float(np.mean(sampled)) - value
    low, high = float(low) - bias, min(float(high) - bias, 1.0)
    return Estimate(value, min(max(low, 0.0), value), max(high, value), resamples.rows)
