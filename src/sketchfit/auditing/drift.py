"""Compare the traits of training and test images.

Single traits are compared by the two-sample Kolmogorov-Smirnov statistic, with p-values corrected over the traits (Holm
1979), and by the area under the ROC curve (AUC) of the trait alone, which also gives the direction. All traits together
are compared by adversarial validation: how well a classifier separates test images from training images, measured on
images that it was not trained on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from sketchfit.auditing.traits import TRAIT_NAMES
from sketchfit.data.folds import stratified_folds
from sketchfit.multiple_tests import holm

FEWEST = 20
"""With fewer training or test images no drift is computed."""
TYPICAL = 5
"""Typical images of each split per trait."""
_FOLDS = 5
_PARTS = 10

ALPHA = 0.05
"""Corrected p-value below which a trait may separate test from training images."""
SMALLEST_SHIFT = 0.06
"""Least distance of the AUC from 0.5 that matters: a fifth of a standard deviation between normal distributions."""
SMALLEST_STATISTIC = 0.15
"""Least statistic that matters where the AUC is near 0.5: the values are then spread differently."""


@dataclass(frozen=True)
class TraitDrift:
    """Difference of one trait between training and test images.

    Attributes:
        statistic: Kolmogorov-Smirnov: largest difference of the two distribution functions, 0 … 1.
        p: probability of a statistic this large if both are samples of the same images.
        p_corrected: corrected for the number of traits.
        auc: probability that a test image has a larger value than a training image (ties count half).
        auc_low, auc_high: its 95 % interval (Hanley & McNeil 1982).
        train, test: mean, lower quartile, median and upper quartile of the values.
    """

    statistic: float
    p: float
    p_corrected: float
    auc: float
    auc_low: float
    auc_high: float
    train: tuple[float, float, float, float]
    test: tuple[float, float, float, float]

    @property
    def shifted(self) -> bool:
        """Whether test values are larger or smaller, not only spread differently."""
        return abs(self.auc - 0.5) >= SMALLEST_SHIFT

    @property
    def separates(self) -> bool:
        """Whether the difference is significant and large enough to matter."""
        return self.p_corrected < ALPHA and (self.shifted or self.statistic >= SMALLEST_STATISTIC)


@dataclass(frozen=True)
class TypicalRows:
    """Rows with values that are more frequent in one split than in the other; training rows first, then test rows."""

    train: tuple[int, ...]
    test: tuple[int, ...]


@dataclass(frozen=True)
class Drift:
    """Differences between training and test images.

    Attributes:
        traits: by trait, the largest statistic first; without traits that have too few values.
        auc: of the classifier, 0.5 if training and test images are alike; None if there are too few images.
        auc_low, auc_high: its 95 % interval (Hanley & McNeil 1982).
        typical: of each trait that separates test from training images, in the order of `traits`: rows of the frame.
    """

    traits: dict[str, TraitDrift]
    auc: float | None
    auc_low: float | None
    auc_high: float | None
    typical: dict[str, TypicalRows] = field(default_factory=dict)


def measure_drift(frame: pd.DataFrame, unit: NDArray[np.int64], seed: int = 0) -> Drift:
    """Compare the traits of training and test rows.

    Args:
        frame: from `traits_frame`; unreadable rows are left out.
        unit: int64 [len(frame)], near-duplicate group of each row: copies are validated together.
        seed: of the classifier's folds.
    """
    rows = np.flatnonzero(frame["width"].notna().to_numpy())
    values = _finite_or_nan(frame.loc[:, list(TRAIT_NAMES)].to_numpy(np.float64)[rows])
    test = (frame["split"].to_numpy() == "test")[rows]
    traits = _trait_drifts(values, test)
    typical = {
        name: _typical_rows(values[:, TRAIT_NAMES.index(name)], test, rows)
        for name, one in traits.items()
        if one.separates
    }
    if min(int(test.sum()), int((~test).sum())) < FEWEST:
        return Drift(traits, None, None, None, typical)
    auc = adversarial_auc(values, test, unit[rows], seed)
    low, high = auc_interval(auc, int(test.sum()), int((~test).sum()))
    return Drift(traits, auc, low, high, typical)


def _trait_drifts(values: NDArray[np.float64], test: NDArray[np.bool_]) -> dict[str, TraitDrift]:
    """Compare each trait [N, T] that enough rows of both splits have; the largest statistic first."""
    pairs = {}
    for column, name in enumerate(TRAIT_NAMES):
        known = ~np.isnan(values[:, column])
        first, second = values[known & ~test, column], values[known & test, column]
        if min(len(first), len(second)) >= FEWEST:
            pairs[name] = (first, second)
    outcomes = [_distance(first, second) for first, second in pairs.values()]
    corrected = holm([float(one.pvalue) for one in outcomes])
    found = {}
    for (name, (first, second)), outcome, p in zip(pairs.items(), outcomes, corrected, strict=True):
        auc = trait_auc(first, second)
        ends = auc_interval(auc, len(second), len(first))
        found[name] = TraitDrift(
            float(outcome.statistic), float(outcome.pvalue), float(p), auc, *ends, _middle(first), _middle(second)
        )
    return dict(sorted(found.items(), key=lambda item: -item[1].statistic))


def _distance(first: NDArray[np.float64], second: NDArray[np.float64]) -> Any:
    """Return Kolmogorov and Smirnov's `statistic` and its `pvalue`."""
    from scipy.stats import ks_2samp  # takes half a second to import

    return ks_2samp(first, second, method="asymp")


def trait_auc(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return the probability that a value of the second sample is larger than one of the first; ties count half."""
    from scipy.stats import rankdata  # takes half a second to import

    ranks = rankdata(np.concatenate([first, second]))[len(first) :]
    return float((ranks.sum() - len(second) * (len(second) + 1) / 2) / (len(first) * len(second)))


def _middle(values: NDArray[np.float64]) -> tuple[float, float, float, float]:
    low, median, high = (float(point) for point in np.quantile(values, [0.25, 0.5, 0.75]))
    return float(values.mean()), low, median, high


def _typical_rows(values: NDArray[np.float64], test: NDArray[np.bool_], rows: NDArray[np.int64]) -> TypicalRows:
    """Choose rows from the part of the values (of about ten) whose share differs most between the splits.

    Args:
        values: float64 [N], NaN where missing.
        test: bool [N].
        rows: int64 [N], the numbers to return.
    """
    known = ~np.isnan(values)
    starts = np.unique(values[known])
    if len(starts) > _PARTS:
        starts = np.unique(np.quantile(values[known], np.linspace(0, 1, _PARTS + 1)[:-1]))
    part = np.where(known, np.searchsorted(starts, values, side="right") - 1, -1)
    shares = [
        np.bincount(part[known & split], minlength=len(starts)) / (known & split).sum() for split in (~test, test)
    ]
    more = shares[1] - shares[0]
    return TypicalRows(
        _evenly(rows[(part == int(more.argmin())) & ~test]), _evenly(rows[(part == int(more.argmax())) & test])
    )


def _evenly(rows: NDArray[np.int64]) -> tuple[int, ...]:
    """Choose at most `TYPICAL` of these rows, evenly spaced."""
    places = np.linspace(0, len(rows) - 1, min(TYPICAL, len(rows))).astype(np.int64)
    return tuple(rows[places].tolist())


def adversarial_auc(
    values: NDArray[np.float64], test: NDArray[np.bool_], unit: NDArray[np.int64], seed: int = 0
) -> float:
    """Return the cross-validated area under the ROC curve of boosted trees that separate test from training rows.

    Args:
        values: float64 [N, T], traits. NaN and infinite values count as missing; a trait may be missing in all rows.
        test: bool [N].
        unit: int64 [N]; rows of one unit share a fold.
        seed: of the folds.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier  # takes a second to import
    from sklearn.metrics import roc_auc_score

    values = _finite_or_nan(values)
    fold = stratified_folds(test.astype(np.int64), [1 / _FOLDS] * _FOLDS, seed, unit)
    score = np.zeros(len(test))
    for number in range(_FOLDS):
        learn, judge = fold != number, fold == number
        # A trait without any value in the training part of a fold can't be binned (no JPEG file: no JPEG quality).
        known = ~np.isnan(values[learn]).all(axis=0)
        if len(np.unique(test[learn])) < 2 or not judge.any() or not known.any():
            score[judge] = test[learn].mean() if learn.any() else 0.5
            continue
        model = HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=15, early_stopping=False, random_state=seed)
        # With so little data, threads gain nothing, and cost much on a busy machine.
        with threadpool_limits(1, "openmp"):
            model.fit(values[np.ix_(learn, known)], test[learn])
            score[judge] = model.predict_proba(values[np.ix_(judge, known)])[:, 1]
    return float(roc_auc_score(test, score))


def _finite_or_nan(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isfinite(values), values, np.nan)


def auc_interval(auc: float, positives: int, negatives: int) -> tuple[float, float]:
    """Return the 95 % interval of an area under the ROC curve (Hanley & McNeil 1982)."""
    both_positive, both_negative = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = (
        auc * (1 - auc) + (positives - 1) * (both_positive - auc**2) + (negatives - 1) * (both_negative - auc**2)
    ) / (positives * negatives)
    reach = 1.96 * float(np.sqrt(max(variance, 0.0)))
    return max(0.0, auc - reach), min(1.0, auc + reach)
