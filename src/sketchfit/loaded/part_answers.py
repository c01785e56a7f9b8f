"""Answers to images that are in memory together, and to all parts of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class PartAnswers:
    """Answers to some images.

    Attributes:
        proba: float32 [N, C].
        errors: N texts, why an image could not be read; "" where it was.
        p_value: float64 [N], see `inference.unknown`; None where they are not wanted.
    """

    proba: NDArray[np.float32]
    errors: list[str]
    p_value: NDArray[np.floating[Any]] | None = None


def joined(parts: Sequence[PartAnswers], classes: int, p_values: bool) -> PartAnswers:
    """Return the answers to all parts, with NaN for images that could not be read.

    Args:
        parts: any number.
        classes: number of classes.
        p_values: whether the parts have p-values.
    """
    proba = np.concatenate([np.zeros((0, classes), np.float32), *(part.proba for part in parts)])
    errors = [error for part in parts for error in part.errors]
    unread = np.array([bool(error) for error in errors], dtype=np.bool_)
    proba[unread] = np.nan
    if not p_values:
        return PartAnswers(proba, errors)
    p_value = np.concatenate([np.zeros(0), *(part.p_value for part in parts if part.p_value is not None)])
    p_value[unread] = np.nan
    return PartAnswers(proba, errors, p_value)
