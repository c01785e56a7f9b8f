"""A bundle in memory: images to probabilities with ONNX Runtime or OpenVINO, without torch.

Examples:
    >>> from sketchfit.bundle.model import BundleModel
    >>> model = BundleModel.open("bundle")  # doctest: +SKIP
    >>> model.proba([image]).argmax(axis=1)  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.bundle.files import AGAIN, open_manifest, read_verified
from sketchfit.bundle.manifest import PREPARED, BundleManifest
from sketchfit.bundle.prepare import Image, prepared
from sketchfit.bundle.runtimes import Run, Runtime, load_runtime
from sketchfit.errors import RunError
from sketchfit.processors import cores
from sketchfit.runs.arrays import parse_npz

INT8 = "network_int8.onnx"
VECTOR = "test_vector.npz"

TOLERANCE = 1e-3
"""Largest difference of a probability from that of the machine that made the bundle."""

BATCH = 64
"""Images that `predict` computes at once."""

OUTPUTS = ("probabilities", "features")


@dataclass(frozen=True)
class NetworkAnswers:
    """Outputs of a network.

    Attributes:
        probabilities: float32 [N, C].
        features: float32 [N, D], values before the head; None where the bundle has none.
    """

    probabilities: NDArray[np.float32]
    features: NDArray[np.float32] | None = None


class BundleModel:
    """A bundle's network with its preprocessing; may be called from several threads.

    Args:
        manifest: of the bundle.
        run: its network, see `runtimes`.
        folder: where it was opened.

    Attributes:
        manifest: labels, preprocessing, accuracy.
        folder: where it was opened.
    """

    def __init__(self, manifest: BundleManifest, run: Run, folder: Path) -> None:
        self.manifest, self.folder = manifest, folder
        self._run = run

    @classmethod
    def open(
        cls, folder: str | Path, runtime: Runtime = "onnxruntime", threads: int | None = None, *, int8: bool = False
    ) -> BundleModel:
        """Read a bundle; the digests of the files that are read are compared.

        Args:
            folder: of the bundle.
            runtime: `onnxruntime` or `openvino`.
            threads: that compute a batch; None: as many as there are cores.
            int8: use the quantised network.

        Raises:
            UserError: it is no bundle, it is damaged, it has no such network, or the runtime is not installed.
        """
        place = Path(folder)
        manifest = open_manifest(place)
        graph = read_verified(place, manifest, INT8 if int8 else PREPARED)
        outputs = OUTPUTS if manifest.features else OUTPUTS[:1]
        return cls(manifest, load_runtime(graph, runtime, outputs, threads or cores()), place)

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the classes, as the training table has them."""
        return self.manifest.labels

    def prepare(self, image: Image) -> Image:
        """Return an image as the network's input; see `prepared`."""
        return prepared(image, self.manifest.preprocessing)

    def predict_prepared(self, pictures: Image) -> NetworkAnswers:
        """Return the outputs for prepared pictures, uint8 [N, size, size, C].

        Raises:
            ArithmeticError: a probability is not finite.
        """
        if not len(pictures):
            width = self.manifest.features
            features = np.zeros((0, width), np.float32) if width else None
            return NetworkAnswers(np.zeros((0, len(self.labels)), np.float32), features)
        if self.manifest.any_batch or len(pictures) == 1:
            found = self._run(pictures)
        else:
            rows = [self._run(pictures[row : row + 1]) for row in range(len(pictures))]
            found = [np.concatenate(part) for part in zip(*rows, strict=True)]
        if not np.isfinite(found[0]).all():
            raise ArithmeticError("the network gave probabilities that are not finite")
        return NetworkAnswers(*found)

    def predict(self, images: Iterable[Image]) -> NetworkAnswers:
        """Return the outputs for images of any size; `BATCH` of them are in memory at a time.

        Args:
            images: uint8 [H, W] or [H, W, 3] each, see `prepared`.
        """
        parts = [self.predict_prepared(np.stack(part)) for part in _parts(map(self.prepare, images))]
        if not parts:
            size, channels = self.manifest.preprocessing.size, self.manifest.preprocessing.channels
            return self.predict_prepared(np.zeros((0, size, size, channels), np.uint8))
        features = [part.features for part in parts if part.features is not None]
        joined = np.concatenate(features) if features else None
        return NetworkAnswers(np.concatenate([part.probabilities for part in parts]), joined)

    def proba(self, images: Iterable[Image]) -> NDArray[np.float32]:
        """Return the probabilities for images of any size, float32 [N, C]."""
        return self.predict(images).probabilities

    def check(self) -> None:
        """Compare the answer to the bundle's test image with that of the machine that made it.

        Where the bundle has no test image, a white one must give probabilities.

        Raises:
            UserError: it differs by more than `TOLERANCE`, or is of another shape.
        """
        image, expected = self._vector()
        found = self.proba([image])
        if found.shape != (1, len(self.labels)):
            raise RunError(f"the network of {self.folder} gives no {len(self.labels)} probabilities", AGAIN)
        gap = 0.0 if expected is None else float(np.abs(found - expected).max())
        if gap > TOLERANCE:
            raise RunError(
                f"the network of {self.folder} gives other probabilities here than where it was made (by {gap:.2g})",
                "Try the other --runtime, or update it.",
            )

    def _vector(self) -> tuple[Image, NDArray[np.float32] | None]:
        """Return the test image and its probabilities [1, C]."""
        if VECTOR not in self.manifest.files:
            return np.full((8, 8), 255, np.uint8), None
        arrays = parse_npz(read_verified(self.folder, self.manifest, VECTOR), self.folder / VECTOR)
        return arrays["image"], arrays["probabilities"].reshape(1, -1)


def _parts(pictures: Iterable[Image]) -> Iterator[list[Image]]:
    """Yield lists of at most `BATCH` pictures."""
    iterator = iter(pictures)
    while part := list(islice(iterator, BATCH)):
        yield part
