"""Features with known relations: class mean + effect of each row's group + noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sketchfit.relations.key import Key


def features(
    seed: int, label: np.ndarray, effects: Sequence[tuple[np.ndarray, float]] = (), width: int = 60
) -> np.ndarray:
    """float32 [N, width]; each effect is (group of each row, its size compared with the noise)."""
    rng = np.random.default_rng(seed)
    scale = np.geomspace(1, 0.1, width)
    found = rng.normal(size=(int(label.max()) + 1, width))[label]
    for group, size in effects:
        found = found + size * rng.normal(size=(int(group.max()) + 1, width))[group]
    return ((found + rng.normal(size=found.shape)) * scale).astype(np.float32)


def rows(classes: int, groups: int, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return label, group numbered within each class, and group numbered over all classes."""
    label = np.repeat(np.arange(classes), groups * size)
    inner = np.tile(np.repeat(np.arange(groups), size), classes)
    return label, inner, label * groups + inner


def key(name: str, group: np.ndarray) -> Key:
    return Key(name, "name", np.asarray(group, dtype=np.int64), np.zeros(0, np.int64))
