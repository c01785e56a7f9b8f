from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.bank.heads import Head
from sketchfit.bank.row_space import RowSpace


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 100))
def test_a_head_on_coordinates_is_one_on_features(rows: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, columns)).astype(np.float32)
    space = RowSpace.of(features)
    assert space.values.shape == (rows, min(rows, columns))
    head = Head(rng.normal(size=(space.values.shape[1], 3)).astype(np.float32), np.ones(3, np.float32))
    assert space.lifted(head).weight.shape == (columns, 3)
    assert space.lifted(head).scores(features) == pytest.approx(head.scores(space.values), abs=1e-4)
    assert np.square(space.lifted(head).weight).sum() == pytest.approx(np.square(head.weight).sum(), rel=1e-4)
