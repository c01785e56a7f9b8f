"""Small data sets on disk for the audit's tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.data.table import Table
from tests import factories

Image = NDArray[np.uint8]


def scribble(seed: int, shape: tuple[int, int] = (120, 140)) -> Image:
    """Random smooth strokes: no two seeds alike."""
    rng = np.random.default_rng(seed)
    image = np.full(shape, 255, np.uint8)
    t = np.linspace(0, 1, 40)[:, None]
    powers = np.array([1, 4, 6, 4, 1]) * t ** np.arange(5) * (1 - t) ** np.arange(4, -1, -1)
    for _ in range(4):
        line = np.rint(powers @ (rng.uniform(0.12, 0.88, (5, 2)) * shape[::-1]) * 16).astype(np.int32)
        cv2.polylines(image, [line.reshape(-1, 1, 2)], False, 0, 2, cv2.LINE_AA, 4)
    return image


def jpeg(image: Image, quality: int = 90) -> bytes:
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def png(image: Image) -> bytes:
    return cv2.imencode(".png", image)[1].tobytes()


def make_table(root: Path, train: Mapping[str, tuple[int, bytes | None]], test: Mapping[str, bytes | None]) -> Table:
    """Write the files (None: leave it missing) and list them in a table; classes are called c0, c1 …"""
    files = {**{path: data for path, (_, data) in train.items()}, **test}
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        if data is not None:
            (root / path).write_bytes(data)
    return factories.make_table(root, {path: number for path, (number, _) in train.items()}, tuple(test))
