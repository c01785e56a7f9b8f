"""Compare a bundle with the network that it was made of, on the drawings of its run.

`python -m benchmarks.bundle_parity RUN BUNDLE [--most N]` prints as JSON, for the graph from images (`model.onnx`) and
for that from pictures prepared by OpenCV (`network.onnx`): share of drawings with the same answer as by torch, largest
difference of a probability, milliseconds per drawing.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sketchfit.bundle.manifest import COMPLETE
from sketchfit.bundle.model import BundleModel
from sketchfit.commands.bundle.chosen_network import choose_network
from sketchfit.commands.bundle.training_images import TrainingDrawings
from sketchfit.inference.calibration import Temperature
from sketchfit.models.backends.eager import eager
from sketchfit.models.compute import Compute
from sketchfit.models.conversion.session import onnx_session
from sketchfit.processors import cores
from sketchfit.runs.run import Run

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]


def by_torch(run: Run, model: BundleModel, images: list[Image]) -> Floats:
    """Return the probabilities of the bundle's network by torch, calibrated."""
    name, fold = model.manifest.network.name.split("/fold")
    chosen = choose_network(run, fold=int(fold)) if model.manifest.network.source == "fold" else choose_network(run)
    assert chosen.name == f"{name}/fold{fold}"
    network = chosen.load(run)
    network.model.eval()
    backend = eager(network, Compute(torch.device("cpu"), channels_last=False))
    with torch.inference_mode():
        prob = np.concatenate([backend(model.prepare(image)[None]) for image in images])
    return Temperature(chosen.temperature).apply(prob)


def compared(images: list[Image], expected: Floats, answer: Callable[[Image], Any]) -> dict[str, float]:
    """Return the figures of one graph."""
    answer(images[0])
    start = time.perf_counter()
    found = np.concatenate([answer(image) for image in images])
    seconds = time.perf_counter() - start
    return {
        "equal": float((found.argmax(axis=1) == expected.argmax(axis=1)).mean()),
        "largest_difference": float(np.abs(found - expected).max()),
        "ms_per_image": round(1000 * seconds / len(images), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--most", type=int, default=10_000, help="drawings at most")
    given = parser.parse_args()
    run, model = Run.open(given.run), BundleModel.open(given.bundle)
    drawings = TrainingDrawings.of(run)
    found = drawings.images(drawings.sample(given.most))
    images = [image if image.ndim == 3 else image[:, :, None] for _, image in found]
    expected = by_torch(run, model, images)
    session = onnx_session((given.bundle / COMPLETE).read_bytes(), cores())
    figures = {
        "drawings": len(images),
        "shapes": len({image.shape for image in images}),
        "from_images": compared(
            images, expected, lambda image: session.run(["probabilities"], {"image": image[None]})[0]
        ),
        "from_pictures": compared(images, expected, lambda image: model.proba([image])),
    }
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
