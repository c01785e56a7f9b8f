from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from sketchfit.reporting.kit.chart_shapes import Box, Chart, Dot, Line, Shape, Text
from sketchfit.reporting.kit.legends import LegendEntry

WHITE = (255, 255, 255)


def _png(*shapes: Shape, scale: int = 1) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(Chart("", 60, 40, shapes).png(scale))))


def test_a_png_has_the_charts_size_and_light_background() -> None:
    image = _png(scale=2)
    assert image.shape == (80, 120, 3)
    assert (image == 255).all()


@pytest.mark.parametrize(
    "shape",
    [
        Line([(10, 20), (50, 20)], "s0"),
        Line([(10, 20), (50, 20)], "s6 dashed"),
        Box(10, 10, 30, 20, "s1"),
        Dot(30, 20, 5, "s0"),
        Text(30, 24, "abc"),
        Text(30, 20, "abc", upright=False),
    ],
)
def test_a_png_shows_each_shape_where_it_is(shape: Shape) -> None:
    marked = np.argwhere((_png(shape) != WHITE).any(axis=2))
    assert len(marked)
    assert np.abs(marked.mean(axis=0) - [20, 30]).max() < 6


def test_a_dashed_line_has_gaps() -> None:
    image = _png(Line([(5, 20), (55, 20)], "s6 dashed"))
    columns = (image[20] != WHITE).any(axis=1)[5:55]
    assert 0.3 < columns.mean() < 0.8


def test_upright_text_is_wide_and_turned_text_is_tall() -> None:
    for upright in (True, False):
        marked = np.argwhere((_png(Text(30, 25, "abcdef", upright=upright)) != WHITE).any(axis=2))
        height, width = np.ptp(marked, axis=0)
        assert bool(width > height) is upright


def test_svg_escapes_text() -> None:
    chart = Chart("a & b", 10, 10, [Text(0, 0, "<b>"), Line([(0, 0)], "s0", "x < y"), Box(0, 0, 1, 1, "s0", "'&'")])
    svg = str(chart.__html__())
    assert "<b>" not in svg
    assert "a &amp; b" in svg
    assert "<title>x &lt; y</title>" in svg


def test_a_png_has_its_legend_below() -> None:
    entries = [
        LegendEntry("one", "s0"),
        LegendEntry("two", "s1", "box"),
        LegendEntry("the third one" * 9, "s6", "dot"),
    ]
    png = Chart("", 140, 40, [], entries).png(1)
    image = np.asarray(Image.open(io.BytesIO(png)))
    assert image.shape[0] > 40 + 2 * 15  # the third entry is in a separate line
    assert (image[:40] == WHITE).all()
    lines = [(image[start : start + 18] != WHITE).any(axis=2) for start in (44, 62)]
    assert all(line.any() for line in lines)
    assert not (image[:, -1] != WHITE).any()
