"""The training drawings that a bundle shows next to its answers."""

from __future__ import annotations

from itertools import islice

import cv2
import numpy as np

from sketchfit.activity import activity
from sketchfit.bundle.neighbours import THUMBNAIL, Neighbours
from sketchfit.commands.bundle.job import BundleJob, Image
from sketchfit.data.resize import to_square
from sketchfit.models.conversion.modules import FEATURES
from sketchfit.models.conversion.session import onnx_session, run_batches

MOST = 2000
"""Drawings of a bundle."""

BATCH = 32


@activity("features of training drawings")
def write_neighbours(job: BundleJob, threads: int) -> bool:
    """Write a sample of the training drawings with their features.

    Returns:
        Whether there are any: not where the network has no features, or the drawings are not there.
    """
    drawings = job.drawings
    if not job.checked.features or not len(drawings):
        return False
    session, size = onnx_session(job.checked.graph, threads), BATCH if job.checked.any_batch else 1
    drawn, parts = drawings.images(drawings.sample(MOST)), []
    while part := list(islice(drawn, BATCH)):
        rows, images = zip(*part, strict=True)
        features = run_batches(session, FEATURES, np.stack([job.prepare(image) for image in images]), size)
        parts.append((features, drawings.label[list(rows)], np.stack([_thumbnail(image) for image in images])))
    if not parts:
        return False
    Neighbours(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True))).write(job.folder)
    return True


def _thumbnail(image: Image) -> Image:
    """Return an image as uint8 [64, 64, 3], padded with its paper."""
    square, _ = to_square(image if image.ndim == 3 else image[:, :, None], THUMBNAIL, "pad")
    return square if square.shape[2] == 3 else np.asarray(cv2.cvtColor(square, cv2.COLOR_GRAY2RGB), np.uint8)
