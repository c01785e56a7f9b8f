"""The training drawings that a bundle shows next to its answers."""

from __future__ import annotations

import cv2
import numpy as np

from sketchfit.bundle.neighbours import THUMBNAIL, Neighbours
from sketchfit.commands.bundle.job import BundleJob, Image
from sketchfit.data.resize import to_square
from sketchfit.models.conversion.session import onnx_session

MOST = 2000
"""Drawings of a bundle."""

BATCH = 32


def write_neighbours(job: BundleJob, threads: int) -> bool:
    """Write a sample of the training drawings with their features.

    Returns:
        Whether there are any: not where the network has no features, or the drawings are not there.
    """
    drawings = job.drawings
    if not job.checked.features or not len(drawings):
        return False
    session = onnx_session(job.checked.graph, threads)
    label, thumbnails, pictures, features = [], [], list[Image](), list[np.ndarray]()

    def compute() -> None:
        if pictures:
            size = BATCH if job.checked.any_batch else 1
            batches = [np.stack(pictures[start : start + size]) for start in range(0, len(pictures), size)]
            features.extend(session.run(["features"], {"images": batch})[0] for batch in batches)
            pictures.clear()

    for row, image in drawings.images(drawings.sample(MOST)):
        label.append(int(drawings.label[row]))
        thumbnails.append(_thumbnail(image))
        pictures.append(job.prepare(image))
        if len(pictures) == BATCH:
            compute()
    compute()
    if not label:
        return False
    Neighbours(np.concatenate(features), np.array(label, dtype=np.int64), np.stack(thumbnails)).write(job.folder)
    return True


def _thumbnail(image: Image) -> Image:
    """Return an image as uint8 [64, 64, 3], padded with its paper."""
    square, _ = to_square(image if image.ndim == 3 else image[:, :, None], THUMBNAIL, "pad")
    return square if square.shape[2] == 3 else np.asarray(cv2.cvtColor(square, cv2.COLOR_GRAY2RGB), np.uint8)
