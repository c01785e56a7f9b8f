"""Builds what computes in place of torch, compares both on the first pictures, and keeps torch where they differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.models.backend import Floats
from sketchfit.models.faults import one_line

Forward = Callable[[Any], Floats]
"""Of pictures, or of values of them."""

CHECKED = 8
"""Pictures of the first batch that are compared."""


def largest_difference(found: Floats, expected: Floats) -> float:
    """Return the largest absolute difference."""
    return float(np.abs(found - expected).max())


def same_as_torch(
    build: Callable[[], Forward],
    first: NDArray[Any],
    in_torch: Forward,
    most: float | None,
    difference: Callable[[Floats, Floats], float] = largest_difference,
) -> tuple[Forward, str]:
    """Return a backend and an empty text; torch and the reason where the backend cannot be used.

    Args:
        build: makes the backend; any exception means that it cannot be built.
        first: pictures of the first batch, or values of them.
        in_torch: computes the same in torch.
        most: largest difference with which the backend is used; None: the two are not compared.
        difference: of the backend's values from torch's.
    """
    try:
        built = build()
        found = built(first)[:CHECKED]
    except Exception as error:  # converters and compilers raise all kinds; torch works in any case
        return in_torch, f"it failed: {one_line(error)}"
    if most is None:
        return built, ""
    expected = in_torch(first[:CHECKED])
    if found.shape != expected.shape:
        return in_torch, f"it returns shape {found.shape}, not {expected.shape}"
    gap = difference(found, expected)
    if not gap <= most:  # written so that NaN is a difference
        return in_torch, f"its values differ by {gap:.1g} from torch's"
    return built, ""
