"""Principal components, compared with those of scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from sketchfit.bank.reduce import reduced


def sample(rows: int, columns: int, seed: int = 0) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, columns)) * np.geomspace(3, 0.1, columns)
    values = values @ np.linalg.qr(rng.normal(size=(columns, columns)))[0]
    return (values - values.mean(0)).astype(np.float32)


@pytest.mark.parametrize("rows", [30, 200])  # fewer and more than there are columns
def test_components_are_those_of_scikit_learn(rows: int) -> None:
    train, other = sample(rows, 40), sample(7, 40, 1)
    found = reduced(train, other, columns=6)
    reference = PCA(6, svd_solver="full").fit(train)
    for one, features in zip(found, (train, other), strict=True):
        expected = (features - reference.mean_) @ reference.components_.T
        signs = np.sign((one * expected).sum(0))
        assert one * signs == pytest.approx(expected, abs=2e-3)
        assert one.dtype == np.float32


def test_few_columns_stay_as_they_are() -> None:
    train, other = sample(20, 5), sample(3, 5)
    found = reduced(train, other, columns=5)
    assert found[0] is train
    assert found[1] is other


def test_no_component_is_made_of_rounding_errors() -> None:
    train = sample(12, 40)
    found = reduced(np.vstack([train, train]), columns=30)[0]
    assert found.shape == (24, 11)  # 12 different rows with mean 0
    assert np.square(found).sum() == pytest.approx(2 * np.square(train).sum(), rel=1e-3)
    assert reduced(np.zeros((9, 40), np.float32), columns=30)[0].shape == (9, 0)


def test_signs_are_the_same_for_rows_in_another_order() -> None:
    train = sample(100, 40)
    order = np.random.default_rng(3).permutation(100)
    assert reduced(train[order], columns=5)[0] == pytest.approx(reduced(train, columns=5)[0][order], abs=2e-3)
