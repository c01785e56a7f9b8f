"""Pictures to embed in a page: single thumbnails, and a whole contact sheet in one image file."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.data.resize import to_square

SHEET_COLUMNS = 10
_QUALITY = 60


@dataclass(frozen=True)
class Sheet:
    """A contact sheet.

    Attributes:
        uri: `data:` address of one image file, cells in rows of at most `SHEET_COLUMNS`.
        rows: which image is in each cell.
        omitted: images that were left out.
        columns, lines: size of the sheet in cells.
    """

    uri: str
    rows: tuple[int, ...]
    omitted: int
    columns: int
    lines: int


def single(thumbnail: bytes) -> str:
    """`data:` address of one thumbnail (a JPEG file), compressed further."""
    return _uri(_decoded(thumbnail))


def sheet(thumbnails: Sequence[bytes], rows: Sequence[int], most: int, cell: int) -> Sheet:
    """One image of many thumbnails.

    Args:
        thumbnails: JPEG files of all images; empty ones have no picture and are left out.
        rows: the images wanted.
        most: show no more than this, evenly spaced over `rows`.
        cell: side of a cell in pixels.
    """
    there = [row for row in rows if thumbnails[row]]
    shown = [there[index * len(there) // most] for index in range(most)] if len(there) > most else there
    if not shown:
        return Sheet("", (), len(there), 0, 0)
    cells = [to_square(_three_axes(_decoded(thumbnails[row])), cell, "pad")[0] for row in shown]
    channels = max(picture.shape[2] for picture in cells)
    columns = min(SHEET_COLUMNS, len(shown))
    lines = -(-len(shown) // columns)
    canvas = np.full((lines * cell, columns * cell, channels), 255, np.uint8)
    for index, picture in enumerate(cells):
        top, left = index // columns * cell, index % columns * cell
        canvas[top : top + cell, left : left + cell] = picture
    return Sheet(_uri(canvas), tuple(shown), len(there) - len(shown), columns, lines)


def _decoded(thumbnail: bytes) -> NDArray[np.uint8]:
    """The stored pixels, blue first where coloured, as OpenCV writes them again."""
    image = cv2.imdecode(np.frombuffer(thumbnail, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise RuntimeError("a thumbnail in the audit's cache is damaged: remove the cache")
    return np.asarray(image, np.uint8)


def _three_axes(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return image.reshape(image.shape[0], image.shape[1], -1)


def _uri(image: NDArray[np.uint8]) -> str:
    done, data = cv2.imencode(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, _QUALITY])
    if not done:
        raise RuntimeError("OpenCV could not encode a WebP")
    return f"data:image/webp;base64,{base64.b64encode(data.tobytes()).decode('ascii')}"
