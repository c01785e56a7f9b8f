from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from sketchfit.reporting.kit.chart_shapes import Line, Text
from sketchfit.reporting.lr_range_chart import HEIGHT, WIDTH, lr_range_chart

RATES = np.geomspace(1e-6, 1.0, 50)
LOSSES = np.where(np.arange(50) < 40, 2.5 - np.arange(50) / 40, 100.0)


@pytest.mark.parametrize(("suggested", "current"), [(1e-3, 1e-2), (1e-2, 1e-3), (1e-6, 1.0), (0.5, 3.0)])
def test_both_rates_are_marked_inside_the_chart(suggested: float, current: float) -> None:
    chart = lr_range_chart(RATES, LOSSES, LOSSES, suggested, current)
    marks = [shape for shape in chart.shapes if isinstance(shape, Line) and "dashed" in shape.style]
    assert (marks[0].points[0][0] < marks[1].points[0][0]) is (suggested < current)
    texts = [shape for shape in chart.shapes if isinstance(shape, Text) and shape.style]
    assert [text.text for text in texts] == [f"suggested: {suggested:.2g}", f"recipe: {current:g}"]
    for shape in chart.shapes:
        for x, y in shape.points if isinstance(shape, Line) else []:
            assert 0 <= x <= WIDTH
            assert 0 <= y <= HEIGHT


def test_losses_that_are_not_finite_are_left_out() -> None:
    losses = LOSSES.copy()
    losses[45] = np.nan
    image = Image.open(io.BytesIO(lr_range_chart(RATES, losses, LOSSES, 1e-3, 1e-2).png()))
    assert image.width == 2 * WIDTH
    assert image.height > 2 * HEIGHT  # the legend is below
