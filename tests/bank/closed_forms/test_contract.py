"""All kinds of heads: the contract, and explicit refits by scikit-learn without the rows of a fold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.kernel_ridge import KernelRidge as ReferenceKernelRidge
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier

from sketchfit.bank import logistic as logistic_module
from sketchfit.bank.closed_forms import closed_forms
from sketchfit.bank.kernel import Kernel
from sketchfit.config.kernel import HEADS, KernelSection
from tests.contracts.closed_form import CLASSES, ROWS, check_closed_form, fitted, separable

Values = NDArray[Any]


@pytest.fixture(autouse=True)
def _exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fit by steps ends near the best one only."""
    monkeypatch.setattr(logistic_module, "TOLERANCE", 1e-7)


def targets(label: Values) -> Values:
    return np.where(label[:, None] == np.arange(CLASSES), 1.0, -1.0)


def rbf(features: Values, label: Values, kept: Values, settings: Any) -> Callable[[Values], Values]:
    gamma = Kernel.of(features, settings.width).gamma

    def values(other: Values) -> Values:
        distance = np.square(other[:, None].astype(np.float64) - features[kept][None]).sum(axis=2)
        return np.asarray(np.exp(-gamma * distance) + 1)

    model = ReferenceKernelRidge(alpha=settings.strength, kernel="precomputed")
    model.fit(values(features[kept]), targets(label[kept]))
    return lambda other: np.asarray(model.predict(values(other)))


def ridge(features: Values, label: Values, kept: Values, settings: Any) -> Callable[[Values], Values]:
    penalty = settings.value * float(np.square(features - features.mean(axis=0)).sum(axis=1).mean())
    model = Ridge(penalty, solver="cholesky").fit(features[kept].astype(np.float64), targets(label[kept]))
    return lambda other: np.asarray(model.predict(other.astype(np.float64)))


def logistic(features: Values, label: Values, kept: Values, settings: Any) -> Callable[[Values], Values]:
    model = LogisticRegression(C=1 / settings.value, tol=1e-7, max_iter=5000)
    model.fit(features[kept].astype(np.float64), label[kept])
    return lambda other: np.asarray(model.decision_function(other.astype(np.float64)))


def nearest_mean(features: Values, label: Values, kept: Values, settings: Any) -> Callable[[Values], Values]:
    """Distances from means, up to a number per row that has no influence on probabilities."""
    rows = [features[kept][label[kept] == one].astype(np.float64) for one in range(CLASSES)]
    means = np.stack([one.sum(axis=0) / (len(one) + settings.value) for one in rows])
    return lambda other: (np.square(other).sum(1)[:, None] - np.square(other[:, None] - means).sum(2)) / 2


def knn(features: Values, label: Values, kept: Values, settings: Any) -> Callable[[Values], Values]:
    def weights(distance: Values) -> Values:
        return 1 - np.square(distance) / np.square(distance.max(axis=1, keepdims=True))

    model = KNeighborsClassifier(settings.count + 1, weights=weights, algorithm="brute")
    model.fit(features[kept].astype(np.float64), label[kept])
    return lambda other: np.log(model.predict_proba(other.astype(np.float64)) + settings.smoothing)


REFERENCES = {"rbf": rbf, "ridge": ridge, "logistic": logistic, "nearest_mean": nearest_mean, "knn": knn}


def close_of(name: str) -> float:
    """Largest difference of scores: the solver of `logistic` works in float32."""
    return 1e-2 if name == "logistic" else 2e-3


def test_all_heads_of_the_package_have_a_reference() -> None:
    assert set(HEADS) == set(closed_forms.names()) == set(REFERENCES)


@pytest.mark.parametrize("name", HEADS)
def test_contract(name: str) -> None:
    check_closed_form(closed_forms.get(name))


@pytest.mark.parametrize("columns", [8, ROWS, 90])
@pytest.mark.parametrize("name", HEADS)
def test_scores_of_a_fold_are_those_of_a_fit_without_its_rows(name: str, columns: int) -> None:
    features, label = separable(columns=columns)
    form = closed_forms.get(name)
    settings = form.candidates(KernelSection())[0]
    fit = fitted(form, features, label)
    for start in range(3):
        fold = fit.fold(np.arange(start, ROWS, 3))
        reference = REFERENCES[name](features, label, fold.kept, settings)
        assert fold.held_out() == pytest.approx(reference(features[fold.removed]), abs=close_of(name))


@pytest.mark.parametrize("name", HEADS)
def test_groups_that_are_left_out_have_the_scores_of_fits_without_them(name: str) -> None:
    features, label = separable()
    form = closed_forms.get(name)
    settings = form.candidates(KernelSection())[0]
    group, removed = np.random.default_rng(1).integers(0, 5, ROWS), np.arange(12)  # as many as parts of `logistic`
    rows, scores = fitted(form, features, label).fold(removed).left_out(group)
    for number in range(5):
        own = group[rows] == number
        kept = np.setdiff1d(np.arange(12, ROWS), rows[own])
        expected = REFERENCES[name](features, label, kept, settings)(features[rows[own]])
        assert scores[own] == pytest.approx(expected, abs=close_of(name))
