from __future__ import annotations

import numpy as np

from sketchfit.inference.expected_accuracy import calibrated_confidence, estimate_test_accuracy


def test_the_interval_covers_the_accuracy() -> None:
    """Labels sampled from the probabilities, which are then sharpened: calibration must undo it."""
    hits = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        true = rng.dirichlet(np.full(8, 0.25), 1600)
        label = (true.cumsum(1) > rng.random(1600)[:, None]).argmax(1)
        sharp = true**2.5
        prob = (sharp / sharp.sum(1, keepdims=True)).astype(np.float32)
        oof, test = slice(0, 900), slice(900, None)
        calibrated, calibrator = calibrated_confidence(prob[oof], label[oof], np.arange(900) % 5)
        found = estimate_test_accuracy(calibrated, label[oof], None, np.asarray(calibrator.apply(prob[test])))
        hits += found.low <= (prob[test].argmax(1) == label[test]).mean() <= found.high
    assert hits >= 17
