"""SVG drawings, rendered by resvg. Nothing outside the file is read: links are removed and fonts are not loaded."""

from __future__ import annotations

import gzip
import io
import re
import xml.etree.ElementTree as ElementTree
import zlib

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.decoders.decoded import ImageError
from sketchfit.data.decoders.pillow import decode_with_pillow

SIDE = 1024
"""Longer side of the rendered drawing in pixels: more than any usual input size."""
_MAX_TEXT = 1 << 26
_LINK = re.compile(r"""(href\s*=\s*)(["'])(?!#|data:)[^"']*\2""", re.IGNORECASE)
_LENGTH = re.compile(r"\s*([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)\s*(?:px|pt|pc|mm|cm|in|em|ex)?\s*")


def decode_svg(data: bytes, max_pixels: int) -> NDArray[np.uint8]:
    """Render a drawing (SVG or compressed SVGZ) on white, its longer side `SIDE` pixels long.

    Returns:
        uint8 [H, W] or [H, W, 3] RGB.

    Raises:
        ImageError: it cannot be read, or its text declares entities that contain elements.
    """
    import resvg_py

    text = _text(data)
    declared = text.partition("<!DOCTYPE")[2].partition("]")[0]
    if re.search(r"<!ENTITY[^>]*[<&]", declared):
        raise ImageError("SVG declares entities with elements, which are not read: export it as PNG")
    text = _LINK.sub(r"\1\2\2", text)
    width, height = _size(text)
    sides = (SIDE, None) if width >= height else (None, SIDE)
    try:
        png = resvg_py.svg_to_bytes(
            svg_string=text, background="white", skip_system_fonts=True, width=sides[0], height=sides[1]
        )
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of the library is no Exception
        raise ImageError(f"SVG is damaged ({error})") from error
    return decode_with_pillow(bytes(png), max(max_pixels, SIDE * SIDE), ("PNG",))


def unpacked(data: bytes, limit: int = _MAX_TEXT) -> bytes:
    """Return the content of a gzip file up to a limit; other data unchanged.

    Raises:
        ImageError: it is damaged.
    """
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        with gzip.open(io.BytesIO(data)) as file:
            return file.read(limit)
    except (OSError, EOFError, zlib.error) as error:
        raise ImageError(f"SVG is damaged ({error})") from error


def _text(data: bytes) -> str:
    content = unpacked(data)
    for encoding in ("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return re.sub(r"^\s*<\?xml.*?\?>\s*", "", text, count=1, flags=re.DOTALL)
    raise ImageError("SVG is not text in UTF-8")


def _size(text: str) -> tuple[float, float]:
    """Return width and height of the root element: those it names, else those of its view box."""
    try:
        _, root = next(ElementTree.iterparse(io.StringIO(text), events=("start",)))
    except (ElementTree.ParseError, StopIteration, ValueError) as error:
        raise ImageError(f"SVG is damaged ({error})") from error
    named = [_LENGTH.fullmatch(root.get(side, "")) for side in ("width", "height")]
    if named[0] and named[1]:
        return float(named[0][1]), float(named[1][1])
    box = re.findall(r"[-+.0-9eE]+", root.get("viewBox", ""))
    try:
        return (float(box[2]), float(box[3])) if len(box) == 4 else (1.0, 1.0)
    except ValueError:
        return 1.0, 1.0
