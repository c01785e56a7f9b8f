from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.inference.label_flips import confused_flips, uniform_flips


@given(st.integers(2, 9), st.integers(0, 60), st.integers(0, 99))
def test_every_label_is_changed_to_another_class(classes: int, rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    label = rng.integers(0, classes, rows)
    prob = rng.dirichlet(np.full(classes, 0.3), rows).reshape(rows, classes)
    for flipped in (uniform_flips(label, classes, rng), confused_flips(label, prob, rng)):
        assert flipped.shape == label.shape
        assert ((flipped != label) & (flipped >= 0) & (flipped < classes)).all()


def test_confused_classes_are_chosen_in_proportion() -> None:
    label, prob = np.zeros(4000, dtype=int), np.tile([0.6, 0.3, 0.1], (4000, 1))
    share = np.bincount(confused_flips(label, prob, np.random.default_rng(0)), minlength=3) / 4000
    np.testing.assert_allclose(share, [0, 0.75, 0.25], atol=0.03)
