"""The graphs of a bundle: from prepared pictures, and from images of any size."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from sketchfit.activity import activity
from sketchfit.bundle.manifest import COMPLETE, PREPARED
from sketchfit.commands.bundle.job import BundleJob, Image
from sketchfit.commands.bundle.vector import compared_images, vector_image
from sketchfit.commands.export_metadata import from_images
from sketchfit.errors import UserError
from sketchfit.models.conversion.onnx_file import write_onnx
from sketchfit.models.conversion.preprocess_graph import INPUT, complete_model
from sketchfit.models.conversion.session import onnx_session

TOLERANCE = 1e-3
"""Largest difference of a probability from torch's."""

VECTOR = "test_vector.npz"
REPEATS = 5


@activity("writing and timing the graphs")
def write_graphs(job: BundleJob, metadata: Mapping[str, str], threads: int) -> float:
    """Write both graphs, and compare that from images with torch.

    Returns:
        Milliseconds per image of the graph from images, one image at a time.

    Raises:
        UserError: it gives other probabilities.
    """
    write_onnx(job.folder / PREPARED, job.checked, metadata)
    complete = replace(job.checked, graph=complete_model(job.steps, job.checked.graph))
    session = onnx_session(complete.graph, threads)
    images = compared_images()
    found = np.concatenate([_probabilities(session, image) for image in images])
    gap = float(np.abs(found - job.by_torch(images)).max())
    if not gap <= TOLERANCE:
        raise UserError(
            f"the graph with preprocessing is wrong: its probabilities differ by {gap:.1g} from torch's",
            "Export the network alone, to FILE.onnx, and report this.",
        )
    write_onnx(job.folder / COMPLETE, complete, from_images(metadata, job.checked.any_batch))
    return _milliseconds(session)


def _probabilities(session: Any, image: Image) -> Any:
    return session.run(["probabilities"], {INPUT: image[None]})[0]


def _milliseconds(session: Any) -> float:
    """Return the median time of one image."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        _probabilities(session, vector_image())
        times.append(time.perf_counter() - start)
    return round(1000 * float(np.median(times)), 2)
