"""The kinds of copies that a padded set of drawings may hold, made from real drawings as a truth to measure with."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Copy = Callable[[Image, np.random.Generator], Image]


def paper(image: Image) -> tuple[float, ...]:
    """Median of the frame, a number a channel."""
    layers = image.reshape(*image.shape[:2], -1)
    frame = np.concatenate([layers[0], layers[-1], layers[:, 0], layers[:, -1]])
    return tuple(float(v) for v in np.median(frame, axis=0))


def encode(image: Image, quality: int) -> Image:
    """Through JPEG and back."""
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.uint8)


def tilt(image: Image, degrees: float, grow: bool = True) -> Image:
    """Rotate about the middle; the canvas grows to hold all of it, or stays and cuts the corners."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    size = (width, height)
    if grow:
        cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
        size = (int(np.ceil(width * cos + height * sin)), int(np.ceil(height * cos + width * sin)))
        matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    return np.asarray(cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderValue=paper(image)), np.uint8)


def resize(image: Image, factor: float) -> Image:
    """Both sides times `factor`."""
    size = (max(8, round(image.shape[1] * factor)), max(8, round(image.shape[0] * factor)))
    return np.asarray(
        cv2.resize(image, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR), np.uint8
    )


def _ink(image: Image) -> NDArray[np.float32]:
    """Share of ink, 0 to 1, [H, W]."""
    layers = image.reshape(*image.shape[:2], -1).astype(np.float32)
    apart = np.abs(layers - np.asarray(paper(image), np.float32)).max(2)
    share: NDArray[np.float32] = np.clip(apart / max(float(np.quantile(apart, 0.995)), 1.0), 0, 1).astype(np.float32)
    return share


def reink(image: Image, rng: np.random.Generator) -> Image:
    """Another ink on another paper."""
    share = _ink(image)[:, :, None]
    sheet, pen = rng.uniform(200, 255, 3), rng.uniform(0, 130, 3)
    return np.rint(sheet * (1 - share) + pen * share).astype(np.uint8)


def thicken(image: Image, rng: np.random.Generator) -> Image:
    """The same strokes with a pen 1 to 2 % of the longer side wider."""
    radius = max(1, round(max(image.shape[:2]) * rng.uniform(0.005, 0.01)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return np.rint(255 * (1 - cv2.dilate(_ink(image), kernel))).astype(np.uint8)


def _turn(image: Image, quarter: int) -> Image:
    return np.ascontiguousarray(np.rot90(image, quarter))


def _combined(image: Image, rng: np.random.Generator) -> Image:
    turned = _turn(image, int(rng.integers(4)))
    if rng.random() < 0.5:
        turned = np.ascontiguousarray(turned[:, ::-1])
    return resize(tilt(turned, rng.uniform(-10, 10)), rng.uniform(0.6, 1.5))


KINDS: dict[str, Copy] = {
    "re-encoded": lambda image, rng: encode(image, int(rng.integers(40, 96))),
    "mirrored": lambda image, _rng: np.ascontiguousarray(image[:, ::-1]),
    "upside down": lambda image, _rng: np.ascontiguousarray(image[::-1]),
    "rotated 90": lambda image, _rng: _turn(image, 1),
    "rotated 180": lambda image, _rng: _turn(image, 2),
    "rotated 270": lambda image, _rng: _turn(image, 3),
    "tilted 5": lambda image, rng: tilt(image, float(rng.choice([-5, 5]))),
    "tilted 10": lambda image, rng: tilt(image, float(rng.choice([-10, 10]))),
    "tilted 10, corners cut": lambda image, rng: tilt(image, float(rng.choice([-10, 10])), grow=False),
    "resized 0.6": lambda image, _rng: resize(image, 0.6),
    "resized 0.6 to 1.5": lambda image, rng: resize(image, rng.uniform(0.6, 1.5)),
    "re-inked": reink,
    "inverted": lambda image, _rng: 255 - image,
    "thickened": thicken,
    "turned, tilted, resized": _combined,
    "turned, tilted, resized, re-inked": lambda image, rng: reink(_combined(image, rng), rng),
    "turned, tilted, resized, thickened": lambda image, rng: thicken(_combined(image, rng), rng),
}
"""Each ends up as a JPEG file of quality 40 to 95."""


def make(kind: str, image: Image, rng: np.random.Generator) -> Image:
    """A copy of `image`, as decoded from the file it was saved to."""
    return encode(KINDS[kind](image, rng), int(rng.integers(40, 96)))
