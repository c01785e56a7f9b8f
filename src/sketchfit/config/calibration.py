"""`calibration:` calibration of probabilities, and prediction sets."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sketchfit.config.section import Section


class CalibrationSection(Section):
    """Calibration of probabilities, and prediction sets; fitted on out-of-fold rows, reported cross-fitted."""

    method: Literal["none", "temperature", "vector"] = "temperature"
    """`temperature`: one number; the order of classes stays. `vector`: a scale and a bias per class. It is used unless
    it makes cross-fitted log-loss worse; `vector` also must not lower accuracy, and a temperature is tried next."""
    force: bool = False
    """Use `method` even where it makes cross-fitted log-loss or accuracy worse."""
    bins: int = Field(default=15, ge=1)
    """Bins of the expected calibration error, and the most of the reliability diagram, whose bins hold at least 20
    drawings each."""
    sets: float | None = Field(default=None, gt=0, lt=1)
    """Coverage of prediction sets: 0.95 means that 95 % of the sets hold the true class. Null: no sets."""
    set_score: Literal["lac", "aps", "raps"] = "lac"
    """`lac`: smallest sets. `aps`: similar coverage on easy and hard images. `raps`: `aps`, shorter."""
