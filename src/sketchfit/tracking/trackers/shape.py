"""Settings and figures in the shapes that trackers take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.tracking.callback import Row

SUMMARY = "summary"
"""Name of the tracker run that holds what belongs to no fold: final figures, errors, the report."""


def fold_name(member: str, fold: int) -> str:
    """Name of a fold's tracker run."""
    return f"{member}/fold{fold}"


def flat_settings(settings: Mapping[str, Any], prefix: str = "") -> dict[str, str | int | float | bool]:
    """Nested settings as `section.key` and a plain value; lists as text, None left out."""
    flat: dict[str, str | int | float | bool] = {}
    for key, value in settings.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat |= flat_settings(value, f"{name}.")
        elif isinstance(value, str | int | float | bool):
            flat[name] = value
        elif value is not None:
            flat[name] = str(value)
    return flat


def figures(row: Row, prefix: str) -> dict[str, float]:
    """`prefix/name` of every figure of a row that there is, the count of the epoch left out."""
    return {f"{prefix}/{name}": float(value) for name, value in row.items() if value is not None and name != "epoch"}


def file_name(caption: str) -> str:
    """A caption as part of a file's name."""
    return re.sub(r"[^\w.%-]+", "-", caption).strip("-")[:80]


def rgb(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 [H, W, 3] of [H, W, C] with C in {1, 3}."""
    return np.ascontiguousarray(np.broadcast_to(image, (*image.shape[:2], 3)))
