"""`neighbours.npz`: training drawings that are shown next to an answer, found by their features."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sketchfit.errors import UserError
from sketchfit.runs.arrays import parse_npz, read_npz, write_npz

FILE = "neighbours.npz"
THUMBNAIL = 64
"""Side of a thumbnail in pixels."""


@dataclass(frozen=True)
class Near:
    """A training drawing near to an image: its row in `Neighbours`, and the cosine of the angle of their features."""

    row: int
    similarity: float


@dataclass(frozen=True)
class Neighbours:
    """A sample of the training drawings.

    Attributes:
        features: [M, D] before the head; unit length after reading.
        label: int64 [M], indices of classes.
        thumbnail: uint8 [M, 64, 64, 3].
    """

    features: NDArray[np.floating]
    label: NDArray[np.int64]
    thumbnail: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.label)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the file of a bundle.

        Raises:
            UserError: it is missing or damaged.
        """
        path = folder / FILE
        return cls._of(read_npz(path), path)

    @classmethod
    def of_content(cls, content: bytes, path: Path) -> Self:
        """Return what the content of a bundle's file holds.

        Raises:
            UserError: it is damaged.
        """
        return cls._of(parse_npz(content, path), path)

    @classmethod
    def _of(cls, arrays: dict[str, NDArray[Any]], path: Path) -> Self:
        try:
            found = cls(arrays["features"], arrays["label"], arrays["thumbnail"])
        except KeyError as error:
            raise UserError(f"{path} has no array {error}", "Export the bundle again.") from error
        found._check(path)
        return cls(unit_length(found.features.astype(np.float32)), found.label, found.thumbnail)

    @classmethod
    def find(cls, folder: Path) -> Self | None:
        """Read the file of a bundle, or return None where it has none."""
        return cls.read(folder) if (folder / FILE).is_file() else None

    def write(self, folder: Path) -> None:
        """Write the file of a bundle: unit features as float16, in which a cosine is exact to 0.001."""
        features = unit_length(self.features.astype(np.float32)).astype(np.float16)
        write_npz(folder / FILE, {"features": features, "label": self.label, "thumbnail": self.thumbnail})

    def nearest(self, features: NDArray[np.floating], count: int = 8) -> list[Near]:
        """Return the drawings nearest to one image, nearest first.

        Args:
            features: [D] of the image.
            count: how many, at most.
        """
        similarity = self.features @ unit_length(np.asarray(features, np.float32)[None])[0]
        order = np.argsort(-similarity, kind="stable")[:count]
        return [Near(int(row), float(similarity[row])) for row in order]

    def _check(self, path: Path) -> None:
        rows, shape = self.features.shape[:1], (len(self.label), THUMBNAIL, THUMBNAIL, 3)
        fits = self.features.ndim == 2 and rows == self.label.shape and self.thumbnail.shape == shape
        if not fits or self.thumbnail.dtype != np.uint8 or not np.issubdtype(self.features.dtype, np.floating):
            raise UserError(f"{path} is damaged: its arrays do not fit each other", "Export the bundle again.")
        if not np.issubdtype(self.label.dtype, np.integer) or not np.isfinite(self.features).all():
            raise UserError(f"{path} is damaged: values that no label or feature can have", "Export the bundle again.")


def unit_length(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return features [N, D] at length 1; those of length 0 stay."""
    length = np.sqrt(np.square(features).sum(axis=1, keepdims=True))
    return np.asarray(features / np.where(length > 0, length, 1), np.float32)
