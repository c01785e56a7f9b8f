from __future__ import annotations

import numpy as np

from sketchfit.reporting.heat.explainer import HeatMap
from sketchfit.reporting.heat.picture import HeatPicture


def test_cold_places_stay_as_they_are() -> None:
    drawing = np.full((8, 8, 1), 200, np.uint8)
    heat = np.zeros((8, 8), np.float32)
    heat[0, 0] = 1
    shown = HeatPicture.of(drawing, HeatMap(heat, "occlusion"))
    assert shown.pixels.shape == (8, 8, 3)
    assert (shown.pixels[1:] == 200).all()
    assert (shown.pixels[0, 0] != 200).any()
    assert "occlusion" in shown.note
