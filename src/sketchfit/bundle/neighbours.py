"""`neighbours.npz`: training drawings that are shown next to an answer, found by their features."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sketchfit.bundle.files import AGAIN, read_verified
from sketchfit.bundle.manifest import BundleManifest
from sketchfit.errors import RunError
from sketchfit.runs.arrays import Array, parse_npz, write_npz

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
    def of_content(cls, content: bytes, path: Path) -> Self:
        """Return what the content of a bundle's file holds.

        Raises:
            UserError: it is damaged.
        """
        arrays = parse_npz(content, path)
        try:
            found = cls(arrays["features"], arrays["label"], arrays["thumbnail"])
        except KeyError as error:
            raise RunError(f"{path} has no array {error}", AGAIN) from error
        found._check(path)
        return cls(unit_length(found.features.astype(np.float32)), found.label, found.thumbnail)

    @classmethod
    def of_bundle(cls, folder: Path, manifest: BundleManifest) -> Self | None:
        """Read the file that a bundle's manifest names, or return None where it names none.

        Raises:
            UserError: it is not the one that was written with the manifest, or has labels of no class.
        """
        if FILE not in manifest.files:
            return None
        found = cls.of_content(read_verified(folder, manifest, FILE), folder / FILE)
        if len(found) and not 0 <= found.label.min() <= found.label.max() < len(manifest.labels):
            raise RunError(f"{folder / FILE} is damaged: labels of no class", AGAIN)
        return found

    def write(self, folder: Path) -> None:
        """Write the file of a bundle: unit features as float16, in which a cosine is exact to 0.001."""
        features = unit_length(self.features.astype(np.float32)).astype(np.float16)
        arrays: dict[str, Array] = {"features": features, "label": self.label, "thumbnail": self.thumbnail}
        write_npz(folder / FILE, arrays, compressed=True)

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
            raise RunError(f"{path} is damaged: its arrays do not fit each other", AGAIN)
        if not np.issubdtype(self.label.dtype, np.integer) or not np.isfinite(self.features).all():
            raise RunError(f"{path} is damaged: values that no label or feature can have", AGAIN)


def unit_length(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return features [N, D] at length 1; those of length 0 stay."""
    length = np.sqrt(np.square(features).sum(axis=1, keepdims=True))
    return np.asarray(features / np.where(length > 0, length, 1), np.float32)
