"""Metrics of probabilities: top-k accuracy, log-loss, macro F1, expected calibration error.

`prob` is float [N, C] with rows that sum to 1, `label` int [N] in 0 … C-1. Of two equally probable classes the one with
the lower index is first, as in `np.argmax`, so top-1 accuracy is that of the submitted label.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from sketchfit.inference.arrays import Bools, Floats, Ints
from sketchfit.inference.blocks import by_blocks, row_blocks

Bins = Literal["width", "mass"]

FLOOR = 1e-12
"""Lower bound of probabilities in logarithms: a certain mistake costs 27.6 nats, not infinity."""


def ranks(prob: Floats, label: Ints) -> Ints:
    """Return the rank of the true class, int64 [N], from 0: ties are ordered by class index."""
    _check(prob, label)
    return by_blocks(lambda part: _ranks(prob[part], label[part]), (len(label),), prob.shape[1], np.int64)


def _ranks(prob: Floats, label: Ints) -> Ints:
    own = prob[np.arange(len(label)), label][:, None]
    tied_before = (prob == own) & (np.arange(prob.shape[1]) < label[:, None])
    return np.asarray(((prob > own) | tied_before).sum(axis=1))


def top_k_correct(prob: Floats, label: Ints, k: int = 1) -> Bools:
    """Return whether the true class is among the row's first k, bool [N]."""
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    return np.asarray(ranks(prob, label) < k)


def top_k_accuracy(prob: Floats, label: Ints, k: int = 1) -> float:
    """Return the share of rows whose true class is among the first k, 0 … 1."""
    return float(top_k_correct(prob, label, k).mean())


def row_log_loss(prob: Floats, label: Ints) -> Floats:
    """Return minus the natural logarithm of the true class's probability (at least `FLOOR`), float64 [N]."""
    _check(prob, label)
    own = prob[np.arange(len(label)), label].astype(np.float64)
    return np.asarray(-np.log(np.maximum(own, FLOOR)))


def log_loss(prob: Floats, label: Ints) -> float:
    """Return the mean negative log-likelihood in nats."""
    return float(row_log_loss(prob, label).mean())


def macro_f1(prob: Floats, label: Ints) -> float:
    """Return the mean F1, 0 … 1, over the classes that occur among labels or predictions."""
    from sklearn.metrics import f1_score  # takes a second to import

    _check(prob, label)
    return float(f1_score(label, prob.argmax(axis=1), average="macro", zero_division=0.0))


def ece(prob: Floats, label: Ints, bins: int = 15, by: Bins = "width") -> float:
    """Return the expected calibration error of the top class, 0 … 1: mean over rows of |accuracy - confidence| per bin.

    Args:
        prob: float [N, C].
        label: int [N].
        bins: number of bins.
        by: `width`: bins of equal width in confidence (Guo et al., 1706.04599). `mass`: bins of equally many rows
            (Nguyen & O'Connor, 1508.05154), with less variance where almost all rows are confident.
    """
    _check(prob, label)
    confidence = prob.max(axis=1).astype(np.float64)
    correct = prob.argmax(axis=1) == label
    place = bin_of(confidence, bins, by)
    gap = np.bincount(place, weights=correct - confidence, minlength=bins)
    return float(np.abs(gap).sum() / len(label))


def bin_of(confidence: Floats, bins: int, by: Bins) -> Ints:
    """Return the bin of each confidence in 0 … 1, int64 [N] in 0 … bins-1.

    `width`: bin b holds (b / bins, (b + 1) / bins], and the first also 0. `mass`: rows in order of confidence (ties in
    order of row), divided into parts whose lengths differ by at most one.
    """
    if bins < 1:
        raise ValueError(f"at least one bin is needed, not {bins}")
    if by == "width":
        return np.asarray(np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1))
    place = np.empty(len(confidence), dtype=np.int64)
    place[np.argsort(confidence, kind="stable")] = np.arange(len(confidence)) * bins // max(len(confidence), 1)
    return place


def _check(prob: Floats, label: Ints) -> None:
    if prob.ndim != 2 or label.shape != prob.shape[:1]:
        raise ValueError(f"prob [N, C] and label [N] are needed, not {prob.shape} and {label.shape}")
    if not len(label):
        raise ValueError("there is no row to score")
    if any(
        np.isnan(prob[part]).any() for part in row_blocks(*prob.shape)
    ):  # every comparison with NaN is false, so such a row would count as correct
        raise ValueError("there are NaN probabilities")
