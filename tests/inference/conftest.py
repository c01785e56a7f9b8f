"""Members whose probabilities have known quality, drawn at random."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax


def _draw_members(
    rng: np.random.Generator, rows: int, classes: int, skills: list[float], sharpness: float = 1.0
) -> tuple[list[np.ndarray], np.ndarray]:
    """Float32 [rows, classes] a member: the true class has its logit raised by the skill, noise is each one's own."""
    label = rng.integers(0, classes, rows)
    shared = rng.normal(size=(rows, classes))
    members = []
    for skill in skills:
        z = 0.6 * shared + 0.8 * rng.normal(size=(rows, classes))
        z[np.arange(rows), label] += skill
        members.append(softmax(sharpness * z, axis=1).astype(np.float32))
    return members, label


@pytest.fixture(scope="session")
def draw_members() -> Callable[..., Any]:
    """(rng, rows, classes, skills, sharpness=1) -> members, label."""
    return _draw_members
