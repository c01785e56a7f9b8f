"""Options of `sketchfit predict`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PredictOptions:
    """What to predict and how; `sketchfit.predict` documents each option."""

    image_column: str | None = None
    follow_links: bool = False
    sets: float | None = None
    reject: float | None = None
    distilled: bool = False
    partial: bool = False
