from __future__ import annotations

import numpy as np

from sketchfit.reporting.run.embedding_map import embed


def test_the_map_keeps_clusters_together() -> None:
    rng = np.random.default_rng(0)
    label = np.repeat(np.arange(3), 40)
    features = (5 * np.eye(3, 16)[label] + rng.normal(size=(120, 16))).astype(np.float32)
    placed = embed(features)
    assert placed.shape == (120, 2)
    assert placed.min() >= 0
    assert placed.max() <= 1
    distance = ((placed[:, None] - placed[None]) ** 2).sum(-1)
    np.fill_diagonal(distance, np.inf)
    assert (label[distance.argmin(1)] == label).mean() > 0.95
    assert (placed == embed(features)).all()
