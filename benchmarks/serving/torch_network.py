"""The network that stands for a run, in torch: what the peers call, and what every answer is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from sketchfit.commands.bundle.chosen_network import choose_network
from sketchfit.config.recipe import Recipe
from sketchfit.data.images import decode
from sketchfit.data.stores import store_settings
from sketchfit.models.network import Network, to_input
from sketchfit.models.saved_network import load_network
from sketchfit.runs.finished import open_finished
from sketchfit.transforms.resample import resize


@dataclass(frozen=True)
class TorchNetwork:
    """A trained network with the recipe that prepares its images.

    Attributes:
        network: in evaluation mode.
        recipe: of its member.
        labels: of the classes.
        temperature: by which logits are divided.
    """

    network: Network
    recipe: Recipe
    labels: tuple[str, ...]
    temperature: float

    @staticmethod
    def open(run: Path) -> TorchNetwork:
        """Load the network that `sketchfit export` chooses."""
        opened, _ = open_finished(run)
        chosen, table = choose_network(opened), opened.table
        network = load_network(chosen.folder.path, chosen.recipe, table.class_count)
        network.model.eval()
        return TorchNetwork(network, chosen.recipe, tuple(table.class_labels), chosen.temperature)

    def prepared(self, data: bytes) -> NDArray[np.uint8]:
        """Return an image as the network's input, uint8 [size, size, C]."""
        picture = resize(store_settings(self.recipe).square(decode(data))[0], self.recipe.model.size)
        wanted = 1 if self.recipe.data.channels == 1 else 3
        return np.repeat(picture, wanted // picture.shape[2], axis=2)

    def probabilities(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the probabilities of prepared pictures, float32 [N, C]."""
        with torch.inference_mode():
            images = to_input(torch.from_numpy(pictures), self.network.normalisation, torch.device("cpu"), True)
            found: NDArray[np.float32] = (self.network.model(images) / self.temperature).softmax(dim=1).numpy()
        return found

    def answers(self, pictures: NDArray[np.uint8]) -> list[dict[str, str | float]]:
        """Return label and probability of each prepared picture, for JSON."""
        prob = self.probabilities(pictures)
        best = prob.argmax(axis=1)
        return [{"label": self.labels[k], "probability": float(p[k])} for k, p in zip(best, prob, strict=True)]
