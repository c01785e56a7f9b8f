"""Shapes of a chart, and a chart as SVG (coloured by the page's style sheet) or as PNG (colours of the light theme).

A shape's `style` is a list of class names of the style sheet: `s0` … `s7` for series, `grid`, `dashed`, `dim`, `area`.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from markupsafe import Markup
from PIL import Image, ImageDraw, ImageFont

from sketchfit.reporting.kit.chart_text import shortened, text_width
from sketchfit.reporting.kit.legends import LegendEntry, legend

Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]

_COLOURS = {"s0": "#0b62c4", "s1": "#ad4e00", "s6": "#c62828", "grid": "#d5d9df", "dim": "#9aa3ae"}
_TEXT, _BACKGROUND = "#5b6470", "#ffffff"
_SMOOTHING = 3
"""A PNG is drawn at so many times its size and reduced, since Pillow draws without anti-aliasing."""

_MOST_SCALE = 1.3
"""Pixels per unit of a chart on a wide page, so that texts of all charts have about one size."""

_LEGEND_EDGE, _LEGEND_MARK, _LEGEND_LINE = 12.0, 20.0, 18
"""Of a legend in a PNG: its left edge, the width of a mark, the height of a line."""


@dataclass(frozen=True)
class Line:
    """A line through points; `note` is shown on hover."""

    points: Sequence[Point]
    style: str
    note: str = ""

    def svg(self) -> str:
        """The SVG element."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in self.points)
        return f'<polyline class="{self.style}" points="{path}">{_note(self.note)}</polyline>'


@dataclass(frozen=True)
class Box:
    """A filled rectangle; `x`, `y` are its left upper corner."""

    x: float
    y: float
    width: float
    height: float
    style: str
    note: str = ""

    def svg(self) -> str:
        """The SVG element."""
        place = f'x="{self.x:.1f}" y="{self.y:.1f}" width="{self.width:.1f}" height="{self.height:.1f}"'
        return f'<rect class="{self.style}" {place}>{_note(self.note)}</rect>'


@dataclass(frozen=True)
class Dot:
    """A filled circle."""

    x: float
    y: float
    radius: float
    style: str
    note: str = ""

    def svg(self) -> str:
        """The SVG element."""
        place = f'cx="{self.x:.1f}" cy="{self.y:.1f}" r="{self.radius:g}"'
        return f'<circle class="{self.style}" {place}>{_note(self.note)}</circle>'


@dataclass(frozen=True)
class Text:
    """Text on a baseline, `upright` or turned to read from bottom to top."""

    x: float
    y: float
    text: str
    anchor: Anchor = "middle"
    upright: bool = True
    style: str = ""

    def svg(self) -> str:
        """The SVG element."""
        place = f'x="{self.x:.1f}" y="{self.y:.1f}"'
        if not self.upright:
            place = f'transform="translate({self.x:.1f} {self.y:.1f}) rotate(-90)"'
        style = f' class="{self.style}"' if self.style else ""
        return f'<text{style} {place} text-anchor="{self.anchor}">{escape(self.text)}</text>'


Shape = Line | Box | Dot | Text


@dataclass(frozen=True)
class Chart:
    """Shapes on an area of `width` times `height` units; `title` is read aloud by screen readers.

    Templates print it as SVG. Its legend is below it.
    """

    title: str
    width: int
    height: int
    shapes: Sequence[Shape]
    legend: Sequence[LegendEntry] = ()

    def __html__(self) -> Markup:
        """An `svg` element, and a list after it where there is a legend. All text in it is escaped."""
        body = "".join(shape.svg() for shape in self.shapes)
        view = f'viewBox="0 0 {self.width} {self.height}" role="img" aria-label="{escape(self.title)}"'
        most = f'style="max-width:{round(_MOST_SCALE * self.width)}px"'
        return Markup(f'<svg class="chart" {most} {view}>{body}</svg>') + legend(self.legend)

    def png(self, scale: int = 2) -> bytes:
        """A PNG file of `scale` pixels per unit; a legend makes it higher."""
        k = scale * _SMOOTHING
        marks, height = _legend_shapes(self.legend, self.width, self.height)
        image = Image.new("RGB", (self.width * k, height * k), _BACKGROUND)
        for shape in (*self.shapes, *marks):
            _draw(image, shape, k)
        stream = io.BytesIO()
        image.resize((self.width * scale, height * scale), Image.Resampling.LANCZOS).save(stream, "PNG")
        return stream.getvalue()


def _legend_shapes(entries: Sequence[LegendEntry], width: int, top: int) -> tuple[list[Shape], int]:
    """Place the entries of a legend in lines below `top`: their shapes, and where they end."""
    shapes: list[Shape] = []
    x, y = _LEGEND_EDGE, top
    for number, one in enumerate(entries):
        name = shortened(one.name, width - 2 * _LEGEND_EDGE - _LEGEND_MARK - 6)
        needed = _LEGEND_MARK + 6 + text_width(name)
        if number == 0 or x + needed > width - _LEGEND_EDGE:
            x, y = _LEGEND_EDGE, y + _LEGEND_LINE
        shapes += [_legend_mark(one, x, y - 4), Text(x + _LEGEND_MARK + 6, y, name, "start")]
        x += needed + 16
    return shapes, y + 8 if entries else top


def _legend_mark(entry: LegendEntry, x: float, y: float) -> Shape:
    """The mark of an entry, from x to the right, around the height y."""
    match entry.mark:
        case "line" | "dashed":
            style = f"{entry.style} dashed" if entry.mark == "dashed" else entry.style
            return Line([(x, y), (x + _LEGEND_MARK, y)], style)
        case "box" | "pale":
            return Box(x, y - 4, _LEGEND_MARK, 8, entry.style)
        case _:
            return Dot(x + _LEGEND_MARK / 2, y, 4, entry.style)


def _note(text: str) -> str:
    return f"<title>{escape(text)}</title>" if text else ""


def _draw(image: Image.Image, shape: Shape, k: int) -> None:
    draw = ImageDraw.Draw(image)
    colour = next((_COLOURS[name] for name in shape.style.split() if name in _COLOURS), _TEXT)
    match shape:
        case Line(points, style):
            placed = [(x * k, y * k) for x, y in points]
            stroke = draw.line if "dashed" not in style.split() else _dashed(draw, 5 * k)
            stroke(placed, fill=colour, width=max(1, round((1 if "grid" in style or "dim" in style else 1.7) * k)))
        case Box(x, y, width, height):
            draw.rectangle((x * k, y * k, (x + width) * k, (y + height) * k), fill=colour)
        case Dot(x, y, radius):
            draw.ellipse([(x - radius) * k, (y - radius) * k, (x + radius) * k, (y + radius) * k], fill=colour)
        case Text():
            _write(image, shape, colour, k)


def _dashed(draw: ImageDraw.ImageDraw, dash: int) -> Callable[..., None]:
    """Draw every other `dash` pixels of a straight line."""

    def stroke(points: Sequence[Point], fill: str, width: int) -> None:
        (x0, y0), (x1, y1) = points[0], points[-1]
        length = max(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5, 1e-9)
        for start in range(0, int(length), 2 * dash):
            a, b = start / length, min((start + dash) / length, 1.0)
            ends = [(x0 + t * (x1 - x0), y0 + t * (y1 - y0)) for t in (a, b)]
            draw.line(ends, fill=fill, width=width)

    return stroke


def _write(image: Image.Image, text: Text, colour: str, k: int) -> None:
    font = ImageFont.load_default(11.0 * k)
    anchor = {"start": "ls", "middle": "ms", "end": "rs"}[text.anchor]
    if text.upright:
        ImageDraw.Draw(image).text((text.x * k, text.y * k), text.text, fill=colour, font=font, anchor=anchor)
        return
    left, top, right, bottom = (round(edge) for edge in font.getbbox(text.text, anchor=anchor))
    label = Image.new("L", (right - left, bottom - top), 0)
    ImageDraw.Draw(label).text((-left, -top), text.text, fill=255, font=font, anchor=anchor)
    turned = label.transpose(Image.Transpose.ROTATE_90)
    image.paste(colour, (round(text.x * k) + top, round(text.y * k) - right), turned)
