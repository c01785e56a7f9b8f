"""What callbacks receive at the end of a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sketchfit.runs.estimates import Estimate
from sketchfit.stages.callbacks import outcome_figures
from sketchfit.stages.products import RunResult
from tests.factories import make_claim

RESULT = RunResult(
    Path("run"), Estimate(0.6, 0.5, 0.7, 4), Estimate(1.0, 0.8, 1.0, 4), None, {}, {}, {}, (), {"training": 2.0}
)
OOF = np.array([[0.7, 0.3], [0.6, 0.4], [0.2, 0.8], [0.1, 0.9]], dtype=np.float32)
LABEL = np.array([0, 1, 1, 1])


def test_the_claim_is_among_the_figures() -> None:
    found = outcome_figures(RESULT, OOF, LABEL, make_claim())
    assert {key: found[key] for key in ("claim", "claim_low", "claim_high", "label_free")} == pytest.approx(
        {"claim": 0.67, "claim_low": 0.55, "claim_high": 0.78, "label_free": 0.58}
    )
    assert found["oof_top1"] == 0.6
    assert found["seconds_training"] == 2.0


def test_figures_that_are_unknown_are_left_out() -> None:
    assert "claim" not in outcome_figures(RESULT, OOF, LABEL)
    assert "label_free" not in outcome_figures(RESULT, OOF, LABEL, make_claim(label_free=None))
