"""Times for `--quality`: by the device and the number of images."""

from __future__ import annotations

from typing import Literal

Quality = Literal["fast", "good", "best"]

TIMES: dict[Quality, tuple[float, float]] = {"fast": (90.0, 0.015), "good": (300.0, 0.12), "best": (1200.0, 0.8)}
"""Fewest seconds, and seconds per image on two cores."""

GPU = 8.0
"""A GPU is taken to be so many times as fast as two cores."""


def quality_seconds(quality: Quality, images: int, *, cores: int, on_gpu: bool) -> float:
    """Return the time of a quality, rounded to half minutes.

    Args:
        quality: the user's word.
        images: of both tables.
        cores: that the process may use.
        on_gpu: whether networks are trained on a GPU.
    """
    fewest, per_image = TIMES[quality]
    faster = GPU if on_gpu else max(1.0, min(cores / 2, 4.0))
    return 30.0 * round(max(fewest, per_image * images / faster) / 30.0)
