"""A bundle that is being made: the network, its graph, and the folder of its files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from sketchfit.bundle.manifest import Preprocessing
from sketchfit.bundle.prepare import prepared
from sketchfit.commands.bundle.chosen_network import ChosenNetwork
from sketchfit.commands.bundle.facts import preprocessing_of
from sketchfit.commands.bundle.training_images import TrainingDrawings
from sketchfit.inference.calibration import Temperature
from sketchfit.models.backends.eager import eager
from sketchfit.models.compute import Compute
from sketchfit.models.conversion.checked_graph import CheckedGraph
from sketchfit.models.conversion.preprocess_graph import PictureSteps
from sketchfit.models.network import Network
from sketchfit.runs.run import Run
from sketchfit.transforms.resample import averages

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class BundleJob:
    """A bundle that is being made.

    Attributes:
        run: that trained the network.
        chosen: the network's choice and its held-out rows.
        network: with its weights, on the CPU.
        checked: its graph from prepared pictures.
        folder: into which the files are written.
    """

    run: Run
    chosen: ChosenNetwork
    network: Network
    checked: CheckedGraph
    folder: Path

    @cached_property
    def preprocessing(self) -> Preprocessing:
        """How images are prepared."""
        return preprocessing_of(self.chosen.recipe)

    @property
    def steps(self) -> PictureSteps:
        """The same for the graph."""
        own = self.preprocessing
        return PictureSteps(own.channels, own.resize, own.stored, own.size, averages(own.stored, own.size))

    @cached_property
    def drawings(self) -> TrainingDrawings:
        """The training drawings."""
        return TrainingDrawings.of(self.run)

    def prepare(self, image: Image) -> Image:
        """Return an image uint8 [H, W] or [H, W, C] as the network's input, uint8 [size, size, channels]."""
        return prepared(image, self.preprocessing)

    def by_torch(self, images: list[Image]) -> Floats:
        """Return the calibrated probabilities of images by torch, float32 [N, C]."""
        pictures = np.stack([self.prepare(image) for image in images])
        self.network.model.eval()
        with torch.inference_mode():
            prob = eager(self.network, Compute(torch.device("cpu"), channels_last=False))(pictures)
        return Temperature(self.chosen.temperature).apply(prob).astype(np.float32)
