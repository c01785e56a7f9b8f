"""Compare the traits of training and test images.

Single traits are compared by the two-sample Kolmogorov-Smirnov statistic, with p-values corrected over the traits (Holm
1979). All traits together are compared by adversarial validation: how well a classifier separates test images from
training images, measured on images that it was not trained on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import ks_2samp
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from sketchfit.audit.traits import TRAIT_NAMES
from sketchfit.data.folds import stratified_folds
from sketchfit.multiple_tests import holm

FEWEST = 20
"""With fewer training or test images no drift is computed."""
_FOLDS = 5


@dataclass(frozen=True)
class TraitDrift:
    """Difference of one trait between training and test images.

    Attributes:
        statistic: Kolmogorov-Smirnov: largest difference of the two distribution functions, 0 … 1.
        p: probability of a statistic this large if both are samples of the same images.
        p_corrected: corrected for the number of traits.
    """

    statistic: float
    p: float
    p_corrected: float


@dataclass(frozen=True)
class Drift:
    """Differences between training and test images.

    Attributes:
        traits: by trait, the largest statistic first; without traits that have too few values.
        auc: of the classifier, 0.5 if training and test images are alike; None if there are too few images.
        auc_low, auc_high: its 95 % interval (Hanley & McNeil 1982).
    """

    traits: dict[str, TraitDrift]
    auc: float | None
    auc_low: float | None
    auc_high: float | None


def measure_drift(frame: pd.DataFrame, unit: NDArray[np.int64], seed: int = 0) -> Drift:
    """Compare the traits of training and test rows.

    Args:
        frame: from `traits_frame`; unreadable rows are left out.
        unit: int64 [len(frame)], near-duplicate group of each row: copies are validated together.
        seed: of the classifier's folds.
    """
    read = frame["width"].notna().to_numpy()
    values = _finite_or_nan(frame.loc[read, list(TRAIT_NAMES)].to_numpy(np.float64))
    test = (frame.loc[read, "split"] == "test").to_numpy()
    tests = {}
    for column, name in enumerate(TRAIT_NAMES):
        known = ~np.isnan(values[:, column])
        first, second = values[known & ~test, column], values[known & test, column]
        if min(len(first), len(second)) >= FEWEST:
            outcome = ks_2samp(first, second, method="asymp")
            tests[name] = (float(outcome.statistic), float(outcome.pvalue))
    corrected = holm([p for _, p in tests.values()])
    drifts = {name: TraitDrift(*tests[name], float(p)) for name, p in zip(tests, corrected, strict=True)}
    ranked = dict(sorted(drifts.items(), key=lambda item: -item[1].statistic))
    if min(int(test.sum()), int((~test).sum())) < FEWEST:
        return Drift(ranked, None, None, None)
    auc = adversarial_auc(values, test, unit[read], seed)
    low, high = auc_interval(auc, int(test.sum()), int((~test).sum()))
    return Drift(ranked, auc, low, high)


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
