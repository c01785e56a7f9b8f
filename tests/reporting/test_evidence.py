from __future__ import annotations

import numpy as np
import pytest

from sketchfit.reporting.evidence import disagreement


def test_disagreement_is_0_for_equals_and_1_for_opposites() -> None:
    sure = np.array([[1.0, 0.0], [1.0, 0.0]], dtype=np.float32)
    other = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    assert disagreement([sure, other]) == pytest.approx([0.0, 1.0], abs=1e-6)
